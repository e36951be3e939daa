// Package v1beta1 holds the API that users declare and that the cluster stores: HarvesterCluster, HarvesterMachine
// and their templates, with the conditions, reasons, labels, annotations and finalizers that go with them.
//
// v1beta1 is the storage version and the hub for conversion. The kinds follow Cluster API's infrastructure provider
// contract v1beta2.
//
// Two kinds of rules guard an object at the API server. The schema of a field says what shape a value has; it holds
// for an object and for a template alike. What an object must have to be complete (at least one volume, an image
// name...) is a CEL rule on the spec of HarvesterCluster and HarvesterMachine only, because a ClusterClass patches a
// template before an object is made from it, so a template may still have gaps. A message begins with the id of the
// same rule in module validation, which explains it.
//
// +kubebuilder:object:generate=true
// +groupName=infrastructure.cluster.x-k8s.io
package v1beta1
