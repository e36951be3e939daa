// Package harvestercluster reconciles HarvesterClusters: the connection to Harvester, the place for VMs there, address
// pools, and the endpoint of the control plane.
//
// The reconcile is a list of phases (see normalPhases and deletionPhases), each a file of its own that owns one
// condition. The endpoint needs no machine: Harvester gives a load balancer its address at once. Deletion waits for the
// machines and then removes exactly what was created for the cluster, known by its labels; what the cluster only
// referred to is never touched.
package harvestercluster
