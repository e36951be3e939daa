// Package bench holds no code of its own. Its benchmarks measure address allocation of packages ipam and ippool in one
// run with the host-local allocator of github.com/containernetworking/plugins, which Harvester uses, and with a loop of
// compare and swap in which every writer is on its own.
package bench
