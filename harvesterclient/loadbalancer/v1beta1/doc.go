// Package v1beta1 holds the wire types of Harvester's load balancer API,
// group loadbalancer.harvesterhci.io, version v1beta1: IPPool and LoadBalancer.
//
// The types are declared here, not imported, so that an importer's module graph stays free
// of Harvester's own replace directives. Their JSON is the same as upstream's, field by field;
// they were compared with github.com/harvester/harvester-load-balancer v1.5.0, by the
// repository's conformance module.
//
// Neither kind has a status subresource: a plain update writes spec and status together, so
// an update must always start from the object as it was last read.
//
// +kubebuilder:object:generate=true
// +groupName=loadbalancer.harvesterhci.io
package v1beta1
