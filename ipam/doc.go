// Package ipam allocates IP addresses from ordered pools over any store.
//
// The main type is [Allocator]: it gives an owner one address out of the first candidate pool that has room, gives the
// same address to the same owner however often it asks, and takes it back. Pools live in a [Store], which needs no more
// than a read and a compare-and-swap write; [MemoryStore] is one, and package storetest holds the tests for others.
// Ranges and the order of allocation follow Harvester's load-balancer controller, so that both can share one pool.
//
// What address a pool gives is decided by a pure function of the pool, the request and the time, [Decide]; a [Ledger]
// does so many times in a row. The Allocator adds the I/O: it combines the concurrent requests on one pool into one read
// and one write, and decides again on fresh state when another writer came first.
//
// The package refuses to guess. It never frees an address that someone else holds, never takes a second address when
// it could not see whether the owner holds a first one, and never writes a pool it did not just read. It knows nothing
// of Kubernetes, and does not keep any state that a restart could lose.
package ipam
