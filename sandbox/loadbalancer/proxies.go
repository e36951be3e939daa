package loadbalancer

import (
	"net/netip"
	"sync"
)

// Proxies is a set of load balancers, by name. It is safe for concurrent use.
type Proxies struct {
	mu sync.Mutex
}

// New returns an empty set.
func New() *Proxies { return &Proxies{} }

// Set makes the named load balancer listen on exactly these ports of vip. What did not change keeps running; new
// listeners are opened before old ones are closed, and when one cannot be opened nothing changes at all.
func (p *Proxies) Set(name string, vip netip.Addr, listeners []Listener) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return nil
}

// Remove closes the named load balancer and every connection through it.
func (p *Proxies) Remove(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
}

// Close removes all.
func (p *Proxies) Close() {}
