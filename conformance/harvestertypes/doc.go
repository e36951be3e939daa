// Package harvestertypes holds no code of its own. Its tests validate harvesterclient's wire types by upstream's: the Go types of
// github.com/harvester/harvester v1.8.0, github.com/harvester/harvester-load-balancer v1.5.0 and
// github.com/k8snetworkplumbingwg/network-attachment-definition-client v1.7.7, the CRDs that they ship, served by a real
// kube-apiserver (KUBEBUILDER_ASSETS names its directory) to their typed clients and that of kubevirt.io/client-go v1.9.0, and
// the names in Harvester's source.
//
// It refuses to be imported for anything: it is a module apart because those upstream modules need replace directives.
package harvestertypes
