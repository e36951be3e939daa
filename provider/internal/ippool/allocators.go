package ippool

import (
	"sync"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Connection is the part of a connection to Harvester that an allocator needs.
type Connection interface {
	// Client reads live, never from a cache.
	Client() client.Client
	// RESTConfig says which Harvester it leads to.
	RESTConfig() *rest.Config
	// AfterClose calls a function in a goroutine of its own once the connection has been closed.
	AfterClose(call func())
}

// Allocators keeps one allocator for each identity, so that machines that ask at the same time share one read and one
// write of a pool. Those that lead to one server take turns. It is safe for concurrent use; the zero value is ready.
type Allocators struct {
	mu    sync.Mutex
	known map[client.ObjectKey]allocator
	// turns are those of each server. One Harvester may be known by several, which only costs lost writes.
	turns map[string]*ipam.Turns
}

type allocator struct {
	connection Connection
	allocator  *ipam.Allocator
}

// For returns the allocator of an identity. A new connection, as after a rotation of the credentials, gets a new one. The
// store reads and writes by that connection.
func (a *Allocators) For(identity client.ObjectKey, connection Connection, store func(client.Client) *Store) *ipam.Allocator {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, found := a.known[identity]
	if !found || known.connection != connection {
		turns := a.turnsOf(connection.RESTConfig().Host)
		known = allocator{connection: connection, allocator: ipam.NewAllocator(store(connection.Client()), ipam.WithTurns(turns))}
		if a.known == nil {
			a.known = map[client.ObjectKey]allocator{}
		}
		a.known[identity] = known
		connection.AfterClose(func() { a.drop(identity, connection) })
	}
	return known.allocator
}

// drop forgets the allocator of a connection that was closed, and with it the connection and its caches.
func (a *Allocators) drop(identity client.ObjectKey, connection Connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[identity].connection == connection {
		delete(a.known, identity)
	}
	host := connection.RESTConfig().Host
	for _, other := range a.known {
		if other.connection.RESTConfig().Host == host {
			return
		}
	}
	delete(a.turns, host)
}

func (a *Allocators) turnsOf(server string) *ipam.Turns {
	if a.turns == nil {
		a.turns = map[string]*ipam.Turns{}
	}
	if a.turns[server] == nil {
		a.turns[server] = &ipam.Turns{}
	}
	return a.turns[server]
}
