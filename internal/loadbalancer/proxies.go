package loadbalancer

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// ErrInvalidListener is returned by Set for a port out of range or named twice, or for an invalid virtual address.
var ErrInvalidListener = errors.New("invalid listener")

// Proxies is a set of load balancers, by name. It is safe for concurrent use.
type Proxies struct {
	mu        sync.Mutex
	balancers map[string]map[netip.AddrPort]*frontend
}

// New returns an empty set.
func New() *Proxies {
	return &Proxies{balancers: map[string]map[netip.AddrPort]*frontend{}}
}

// Set makes the named load balancer listen on exactly these ports of vip. Ports that stay keep their listener and
// their connections, except those to backends that are no longer listed, which are closed. A port that cannot be
// opened is left out and named in the returned error, while the others work; call Set again to retry it.
func (p *Proxies) Set(name string, vip netip.Addr, listeners []Listener) error {
	wanted, err := targets(name, vip, listeners)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.balancers[name]
	next := make(map[netip.AddrPort]*frontend, len(wanted))
	var failed []error
	for address, backends := range wanted {
		front, ok := current[address]
		if !ok {
			if front, err = listen(address); err != nil {
				failed = append(failed, fmt.Errorf("load balancer %s: listen on %s: %w", name, address, err))
				continue
			}
		}
		front.setBackends(backends)
		next[address] = front
	}
	p.balancers[name] = next
	for address, front := range current {
		if _, kept := next[address]; !kept {
			front.close()
		}
	}
	slices.SortFunc(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(failed...)
}

// Remove closes the named load balancer and every connection through it; an unknown name is no error.
func (p *Proxies) Remove(name string) {
	p.mu.Lock()
	fronts := p.balancers[name]
	delete(p.balancers, name)
	p.mu.Unlock()
	for _, front := range fronts {
		front.close()
	}
}

// Close removes all load balancers and returns when nothing of them runs any more.
func (p *Proxies) Close() {
	for _, name := range p.Names() {
		p.Remove(name)
	}
}

// Names returns the load balancers that exist, in order.
func (p *Proxies) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := make([]string, 0, len(p.balancers))
	for name := range p.balancers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// targets turns the caller's list into backends by listening address.
func targets(name string, vip netip.Addr, listeners []Listener) (map[netip.AddrPort][]string, error) {
	if !vip.IsValid() || vip.IsUnspecified() {
		return nil, fmt.Errorf("load balancer %s: address %q: %w: a single address is needed", name, vip, ErrInvalidListener)
	}
	wanted := make(map[netip.AddrPort][]string, len(listeners))
	for _, listener := range listeners {
		if listener.Port < 1 || listener.Port > 65535 {
			return nil, fmt.Errorf("load balancer %s: port %d: %w: must be 1 to 65535", name, listener.Port, ErrInvalidListener)
		}
		address := netip.AddrPortFrom(vip, uint16(listener.Port))
		if _, twice := wanted[address]; twice {
			return nil, fmt.Errorf("load balancer %s: port %d: %w: listed twice", name, listener.Port, ErrInvalidListener)
		}
		wanted[address] = slices.Clone(listener.Backends)
	}
	return wanted, nil
}
