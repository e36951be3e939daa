package main

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// finish is what upstream's manifests say of a kind beyond its Go type.
type finish struct {
	// status is true where upstream has a status subresource. Elsewhere a plain update writes spec and status, and a
	// write to .../status is answered with 404.
	status bool
	// plural and singular replace what controller-gen guesses; empty keeps the guess.
	plural, singular string
	short            []string
	categories       []string
	columns          []apiextensionsv1.CustomResourceColumnDefinition
}

// kinds are the files to keep of what controller-gen writes, by file name.
var kinds = map[string]finish{
	"loadbalancer.harvesterhci.io_ippools.yaml": {short: []string{"pool", "pools"}, columns: columns(
		"DESCRIPTION", "string", ".spec.description", "RANGES", "string", ".spec.ranges", "REQUIREMENT", "string", ".spec.selector", "AGE", "date", ".metadata.creationTimestamp")},
	"loadbalancer.harvesterhci.io_loadbalancers.yaml": {short: []string{"lb", "lbs"}, columns: columns(
		"DESCRIPTION", "string", ".spec.description", "WORKLOADTYPE", "string", ".spec.workloadType", "IPAM", "string", ".spec.ipam", "ADDRESS", "string", ".status.address", "AGE", "date", ".metadata.creationTimestamp")},
	"harvesterhci.io_virtualmachineimages.yaml": {short: []string{"vmimage", "vmimages"}, columns: columns(
		"DISPLAY-NAME", "string", ".spec.displayName", "SIZE", "integer", ".status.size", "AGE", "date", ".metadata.creationTimestamp")},
	"harvesterhci.io_keypairs.yaml": {short: []string{"kp", "kps"}, columns: columns(
		"FINGER_PRINT", "string", ".status.fingerPrint", "AGE", "date", ".metadata.creationTimestamp")},
	"harvesterhci.io_settings.yaml": {columns: columns("VALUE", "string", ".value")},
	"k8s.cni.cncf.io_networkattachmentdefinitions.yaml": {
		plural: "network-attachment-definitions", singular: "network-attachment-definition", short: []string{"net-attach-def"}},
	"cdi.kubevirt.io_datavolumes.yaml": {status: true, short: []string{"dv", "dvs"}, categories: []string{"all"}, columns: columns(
		"Phase", "string", ".status.phase", "Progress", "string", ".status.progress", "Age", "date", ".metadata.creationTimestamp")},
}

// columns builds print columns from triples of name, type and path.
func columns(triples ...string) []apiextensionsv1.CustomResourceColumnDefinition {
	var list []apiextensionsv1.CustomResourceColumnDefinition
	for i := 0; i+2 < len(triples); i += 3 {
		list = append(list, apiextensionsv1.CustomResourceColumnDefinition{
			Name: triples[i], Type: triples[i+1], JSONPath: triples[i+2],
		})
	}
	return list
}

func (f finish) apply(crd *apiextensionsv1.CustomResourceDefinition) {
	if f.plural != "" {
		crd.Spec.Names.Plural, crd.Spec.Names.Singular = f.plural, f.singular
		crd.Name = f.plural + "." + crd.Spec.Group
	}
	crd.Spec.Names.ShortNames = f.short
	crd.Spec.Names.Categories = f.categories
	if isClusterScoped(crd.Spec.Names.Kind) {
		crd.Spec.Scope = apiextensionsv1.ClusterScoped
	}
	for i := range crd.Spec.Versions {
		version := &crd.Spec.Versions[i]
		version.AdditionalPrinterColumns = f.columns
		version.Subresources = &apiextensionsv1.CustomResourceSubresources{}
		if f.status {
			version.Subresources.Status = &apiextensionsv1.CustomResourceSubresourceStatus{}
		}
	}
}

func isClusterScoped(kind string) bool { return kind == "IPPool" || kind == "Setting" }
