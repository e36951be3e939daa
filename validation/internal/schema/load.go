package schema

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
)

//go:embed definitions/*.json
var embedded embed.FS

// Definition is what is kept of a CustomResourceDefinition, a file of its own in the directory definitions.
type Definition struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	// Below limits what is validated to a part of the object, such as "spec.topology", where a definition is another
	// project's and newer ones may know more. Empty means the whole object.
	Below string `json:"below,omitempty"`
	// Versions are the schemas of the served versions.
	Versions map[string]apiextensionsv1.JSONSchemaProps `json:"versions"`
}

// compiled is one version of one kind, ready to validate. It is safe for concurrent use.
type compiled struct {
	below      string
	structural *structuralschema.Structural
	validator  validation.SchemaValidator
	quick      *node
}

// Set holds the definitions that caphv-lint carries. It is safe for concurrent use.
type Set struct {
	versions map[key]func() (*compiled, error)
}

type key struct{ group, version, kind string }

// NewSet makes the set of all definitions. A schema is read when the first object of its kind comes. Errors are about
// the embedded files and cannot happen with those that are released.
func NewSet() (*Set, error) {
	set := &Set{versions: map[key]func() (*compiled, error){}}
	names, err := fs.Glob(embedded, "definitions/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := set.add(name); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return set, nil
}

// add reads the definition's names and leaves its schemas unread.
func (s *Set) add(name string) error {
	text, err := embedded.ReadFile(name)
	if err != nil {
		return err
	}
	var header struct {
		Group    string                     `json:"group"`
		Kind     string                     `json:"kind"`
		Versions map[string]json.RawMessage `json:"versions"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return err
	}
	read := sync.OnceValues(func() (Definition, error) { return readDefinition(name) })
	for version := range header.Versions {
		at := key{group: header.Group, version: version, kind: header.Kind}
		s.versions[at] = sync.OnceValues(func() (*compiled, error) {
			definition, err := read()
			if err != nil {
				return nil, err
			}
			return compile(definition, version)
		})
	}
	return nil
}

func readDefinition(name string) (Definition, error) {
	var definition Definition
	text, err := embedded.ReadFile(name)
	if err != nil {
		return definition, err
	}
	if err := json.Unmarshal(text, &definition); err != nil {
		return definition, fmt.Errorf("schema %s: %w", name, err)
	}
	return definition, nil
}

func compile(definition Definition, version string) (*compiled, error) {
	props, ok := definition.Versions[version]
	if !ok {
		return nil, errors.New("no such version")
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&props, internal, nil); err != nil {
		return nil, fmt.Errorf("schema of %s %s: %w", definition.Kind, version, err)
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, fmt.Errorf("schema of %s %s: %w", definition.Kind, version, err)
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, fmt.Errorf("schema of %s %s: %w", definition.Kind, version, err)
	}
	return &compiled{below: definition.Below, structural: structural, validator: validator, quick: newNode(structural)}, nil
}
