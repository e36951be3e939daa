// Package poolcommand is the command caphv-ipam: it shows Harvester's address pools, verifies that they agree with what
// holds addresses, and repairs them.
//
// It releases an address only if it sees nobody who could hold it, after it has shown what it will do, and only as long as
// the pool still says that the same owner holds it.
package poolcommand
