// Package test holds no code: its sub-packages try the API, and what is shipped with it, on a real API server and on
// Cluster API's own code.
//
//   - crd: the generated CRDs take what clusters hold, and refuse what is wrong.
//   - components: what config/ renders can be installed, and says what it must.
//   - clusterclass: Cluster API makes valid objects of ClusterClass harvester-rke2.
//
// The API server's binaries are those that `make assets` builds, or those that KUBEBUILDER_ASSETS points to.
package test
