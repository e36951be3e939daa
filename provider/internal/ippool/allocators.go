package ippool

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Connection is the part of a connection to Harvester that an allocator needs.
type Connection interface {
	// Client reads live, never from a cache.
	Client() client.Client
}

// Allocators keeps one allocator for each identity, so that machines that ask at the same time share one read and one
// write of a pool. It is safe for concurrent use; the zero value is ready.
type Allocators struct {
	mu    sync.Mutex
	known map[client.ObjectKey]allocator
}

type allocator struct {
	connection Connection
	allocator  *ipam.Allocator
}

// For returns the allocator of an identity. A new connection, as after a rotation of the credentials, gets a new one.
func (a *Allocators) For(identity client.ObjectKey, connection Connection) *ipam.Allocator {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, found := a.known[identity]
	if !found || known.connection != connection {
		known = allocator{connection: connection, allocator: ipam.NewAllocator(NewStore(connection.Client()))}
		if a.known == nil {
			a.known = map[client.ObjectKey]allocator{}
		}
		a.known[identity] = known
	}
	return known.allocator
}
