package kubevirtadmission

import (
	"fmt"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"sigs.k8s.io/yaml"
)

// Definitions are KubeVirt's definitions of the kinds that a machine provider meets, as virt-operator installs them, each
// as YAML under its file name. Descriptions are left out: they are most of the text and change nothing.
func Definitions() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, make := range []func() (*extv1.CustomResourceDefinition, error){
		components.NewVirtualMachineCrd, components.NewVirtualMachineInstanceCrd, components.NewVirtualMachineInstanceMigrationCrd,
	} {
		crd, err := make()
		if err != nil {
			return nil, fmt.Errorf("definition of KubeVirt: %w", err)
		}
		for i := range crd.Spec.Versions {
			if schema := crd.Spec.Versions[i].Schema; schema != nil {
				undescribe(schema.OpenAPIV3Schema)
			}
			if crd.Spec.Versions[i].Subresources == nil {
				crd.Spec.Versions[i].Subresources = &extv1.CustomResourceSubresources{}
			}
		}
		encoded, err := yaml.Marshal(map[string]any{"apiVersion": crd.APIVersion, "kind": crd.Kind, "metadata": map[string]any{
			"name": crd.Name, "labels": crd.Labels,
		}, "spec": crd.Spec})
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", crd.Name, err)
		}
		files[crd.Spec.Group+"_"+crd.Spec.Names.Plural+".yaml"] = encoded
	}

	return files, nil
}

// undescribe removes descriptions at any depth.
func undescribe(schema *extv1.JSONSchemaProps) {
	if schema == nil {
		return
	}
	schema.Description = ""
	for name, property := range schema.Properties {
		undescribe(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil {
		undescribe(schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil {
		undescribe(schema.AdditionalProperties.Schema)
	}
	for _, list := range [][]extv1.JSONSchemaProps{schema.AllOf, schema.AnyOf, schema.OneOf} {
		for i := range list {
			undescribe(&list[i])
		}
	}
}
