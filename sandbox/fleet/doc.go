// Package fleet makes clusters of workers in a light sandbox, many at a time, and takes them through their lives: for
// fault runs and for measurements.
//
// A Fleet works with real Cluster API core and the CAPHV manager that ships. Its clusters have no control plane of their
// own: the kubeconfig that Cluster API finds for them leads to the management cluster, where the sandbox's light machines
// register as Nodes. FaultRun plays a seeded plan of faults against several lives at once and judges what the stand-in
// recorded; Measure times machines and counts requests.
package fleet
