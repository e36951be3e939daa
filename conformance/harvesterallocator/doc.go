// Package harvesterallocator holds no code of its own. Its tests validate package ipam by the allocator that Harvester runs:
// package pkg/ipam of github.com/harvester/harvester-load-balancer v1.5.0, over its own store, which in turn goes by the
// host-local allocator of github.com/containernetworking/plugins v1.1.1.
//
// It refuses to be imported for anything: it is a module apart because the upstream module needs its block of replace
// directives.
package harvesterallocator
