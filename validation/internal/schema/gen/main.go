// Command gen writes the schemas that caphv-lint carries, from the CustomResourceDefinitions as they are released.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

func main() {
	out := flag.String("out", "", "directory to write to")
	below := flag.String("below", "", "for the last file: the only part of the object that is validated")
	flag.Parse()
	for i, name := range flag.Args() {
		part := ""
		if i == flag.NArg()-1 {
			part = *below
		}
		if err := write(name, *out, part); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(name, directory, below string) error {
	text, err := os.ReadFile(name) //nolint:gosec // the maker names it
	if err != nil {
		return err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	definition := schema.Definition{
		Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind, Below: below, Versions: map[string]apiextensionsv1.JSONSchemaProps{},
	}
	for _, version := range crd.Spec.Versions {
		if version.Served && version.Schema != nil {
			props := version.Schema.OpenAPIV3Schema.DeepCopy()
			if below != "" {
				keep(props, strings.Split(below, "."))
			}
			trim(props)
			definition.Versions[version.Name] = *props
		}
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(definition); err != nil {
		return err
	}
	const readable = 0o644
	target := filepath.Join(directory, strings.ToLower(crd.Spec.Names.Kind)+".json")
	return os.WriteFile(target, data.Bytes(), readable)
}

// keep opens the schema beside the path: what lies there is not validated.
func keep(props *apiextensionsv1.JSONSchemaProps, path []string) {
	open := true
	if len(path) == 0 {
		return
	}
	next, ok := props.Properties[path[0]]
	if !ok {
		return
	}
	keep(&next, path[1:])
	props.Properties = map[string]apiextensionsv1.JSONSchemaProps{path[0]: next}
	props.Required = nil
	props.XPreserveUnknownFields = &open
}

// trim takes out what does not matter for validating: descriptions, and CEL, which is written from the rules.
func trim(props *apiextensionsv1.JSONSchemaProps) {
	props.Description, props.XValidations = "", nil
	for name, property := range props.Properties {
		trim(&property)
		props.Properties[name] = property
	}
	if props.Items != nil && props.Items.Schema != nil {
		trim(props.Items.Schema)
	}
	if props.AdditionalProperties != nil && props.AdditionalProperties.Schema != nil {
		trim(props.AdditionalProperties.Schema)
	}
}
