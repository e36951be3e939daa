// Package v1beta1 holds the wire types of Harvester's core API that a machine provider needs,
// group harvesterhci.io, version v1beta1: VirtualMachineImage, KeyPair and Setting.
//
// The types are declared here, not imported, so that an importer's module graph stays free
// of Harvester's own replace directives. Their JSON is the same as upstream's, field by field;
// the repository's conformance module proves it against github.com/harvester/harvester v1.8.0.
// No kind of the group has a status subresource.
//
// +kubebuilder:object:generate=true
// +groupName=harvesterhci.io
package v1beta1
