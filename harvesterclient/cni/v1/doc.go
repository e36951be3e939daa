// Package v1 holds the wire type NetworkAttachmentDefinition, group k8s.cni.cncf.io, version v1,
// by which Harvester names a network that virtual machines attach to.
//
// Its JSON is the same as that of github.com/k8snetworkplumbingwg/network-attachment-definition-client.
// The labels and the route annotation are Harvester's own additions.
//
// +kubebuilder:object:generate=true
// +groupName=k8s.cni.cncf.io
package v1
