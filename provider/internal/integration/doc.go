// Package integration tests both reconcilers against two real API servers: one is the management cluster with Cluster
// API's CRDs and ours, the other plays Harvester. What Harvester's controllers would write, the tests write by hand, so
// that each test shows exactly what it depends on. The whole thing with a stand-in that behaves by itself is tested in
// sandbox/e2e.
package integration
