// Package class reads ClusterClasses: which variables they declare, and what they mean.
package class

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

// Shipped is the name of the ClusterClass that the provider ships.
const Shipped = "harvester-rke2"

// Class is what is needed of a ClusterClass, of v1beta1 or v1beta2.
type Class struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Infrastructure and ControlPlane are the kinds of the templates that it refers to.
	Infrastructure string     `json:"infrastructure"`
	ControlPlane   string     `json:"controlPlane"`
	Variables      []Variable `json:"variables"`
	// Deployments and Pools are the classes of machine deployments and of machine pools.
	Deployments []string `json:"deployments,omitempty"`
	Pools       []string `json:"pools,omitempty"`
}

// Variable is one variable that a class declares.
type Variable struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	// Schema is the OpenAPI schema of the value.
	Schema map[string]any `json:"schema,omitempty"`
}

//go:embed harvester-rke2.json
var shipped []byte

// OfRelease returns the ClusterClass of the same release. It is shared: do not change it.
var OfRelease = sync.OnceValue(func() *Class {
	class := &Class{}
	if err := json.Unmarshal(shipped, class); err != nil {
		panic("the embedded ClusterClass: " + err.Error()) //nolint:forbidigo // the data is compiled in, and a test reads it
	}
	for i := range class.Variables {
		wholeNumbers(class.Variables[i].Schema)
	}
	return class
})

// wholeNumbers makes int64 of whole numbers, as the API server decodes them.
func wholeNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			v[name] = wholeNumbers(field)
		}
	case []any:
		for i, item := range v {
			v[i] = wholeNumbers(item)
		}
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
	}
	return value
}

// Read takes what is needed of a ClusterClass.
func Read(object map[string]any) *Class {
	metadata := field(object, "metadata")
	spec := field(object, "spec")
	workers := field(spec, "workers")
	class := &Class{
		Namespace: text(metadata, "namespace"), Name: text(metadata, "name"),
		Infrastructure: referredKind(field(spec, "infrastructure")), ControlPlane: referredKind(field(spec, "controlPlane")),
		Deployments: classes(workers, "machineDeployments"), Pools: classes(workers, "machinePools"),
	}
	variables, _ := spec["variables"].([]any)
	for _, item := range variables {
		variable, _ := item.(map[string]any)
		required, _ := variable["required"].(bool)
		class.Variables = append(class.Variables, Variable{
			Name: text(variable, "name"), Required: required, Schema: field(field(variable, "schema"), "openAPIV3Schema"),
		})
	}
	return class
}

// Variable returns the variable of that name.
func (c *Class) Variable(name string) (Variable, bool) {
	for _, v := range c.Variables {
		if v.Name == name {
			return v, true
		}
	}
	return Variable{}, false
}

// Default is the value that Cluster API gives the variable where a Cluster does not.
func (v Variable) Default() (any, bool) {
	value, ok := v.Schema["default"]
	return WithDefaults(v.Schema, value), ok
}

// WithDefaults returns a value with the defaults of its schema filled in, as Cluster API does. The value itself is not
// changed.
func WithDefaults(schema map[string]any, value any) any {
	switch v := value.(type) {
	case map[string]any:
		filled := make(map[string]any, len(v))
		others := field(schema, "additionalProperties")
		properties := field(schema, "properties")
		for name, inner := range v {
			if property, ok := properties[name].(map[string]any); ok {
				inner = WithDefaults(property, inner)
			} else {
				inner = WithDefaults(others, inner)
			}
			filled[name] = inner
		}
		for name := range properties {
			property := field(properties, name)
			if value, ok := property["default"]; ok && filled[name] == nil {
				filled[name] = WithDefaults(property, value)
			}
		}
		return filled
	case []any:
		filled := make([]any, len(v))
		for i, item := range v {
			filled[i] = WithDefaults(field(schema, "items"), item)
		}
		return filled
	default:
		return value
	}
}

// referredKind is the kind of the template that a part of a class refers to: by ref in v1beta1, templateRef in v1beta2.
func referredKind(part map[string]any) string {
	if kind := text(field(part, "ref"), "kind"); kind != "" {
		return kind
	}
	return text(field(part, "templateRef"), "kind")
}

func classes(workers map[string]any, list string) []string {
	items, _ := workers[list].([]any)
	var names []string
	for _, item := range items {
		entry, _ := item.(map[string]any)
		if name := text(entry, "class"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// OnHarvester tells whether the class makes clusters on Harvester.
func (c *Class) OnHarvester() bool { return strings.HasPrefix(c.Infrastructure, "HarvesterCluster") }

func field(object map[string]any, name string) map[string]any {
	value, _ := object[name].(map[string]any)
	return value
}

func text(object map[string]any, name string) string {
	value, _ := object[name].(string)
	return value
}
