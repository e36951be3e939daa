package guest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// dialTimeout bounds one try; a dead address on loopback refuses at once.
const dialTimeout = 2 * time.Second

// balancer connects a node to whichever API server of its cluster answers, as
// the load balancer inside every RKE2 agent does: a node outlives the server it
// joined through. Safe for concurrent use.
type balancer struct {
	// first is tried before all others: a server's own address. It may be empty.
	first string
	// last is what the node was told to join through. It may be empty.
	last string

	mu    sync.Mutex
	known []string
}

func newBalancer(own netip.Addr, joinHost string) *balancer {
	b := &balancer{}
	if own.IsValid() {
		b.first = apiAddress(own.String())
	}
	if joinHost != "" {
		b.last = apiAddress(joinHost)
	}
	return b
}

func apiAddress(host string) string {
	return net.JoinHostPort(host, strconv.Itoa(rke2.APIServerPort))
}

// set replaces the API servers that are known; an empty list changes nothing,
// as it would leave the node alone.
func (b *balancer) set(addresses []string) {
	if len(addresses) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = slices.Clone(addresses)
}

// candidates in the order they are tried, each once.
func (b *balancer) candidates() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, address := range slices.Concat([]string{b.first}, b.known, []string{b.last}) {
		if address != "" && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// dial has the form of rest.Config.Dial; the address that was asked for is a
// placeholder.
func (b *balancer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	failures := []error{errors.New("no API server of the cluster answers")}
	for _, address := range b.candidates() {
		connection, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			return connection, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}
