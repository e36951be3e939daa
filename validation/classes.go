package validation

import (
	"slices"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/class"
)

// classesOf reads the ClusterClasses of a bundle.
func classesOf(objects []map[string]any) []*class.Class {
	var classes []*class.Class
	for _, object := range objects {
		if group, _, kind := groupVersionKind(object); group == clusterAPIGroup && kind == "ClusterClass" {
			classes = append(classes, class.Read(object))
		}
	}
	return classes
}

// classFor returns the ClusterClass that a Cluster uses: the one of its name and namespace in the bundle, otherwise the
// one that this release ships, if it is of that name. It returns nil for a class that nothing is known of.
func classFor(cluster map[string]any, classes []*class.Class) *class.Class {
	name, namespace := classOf(cluster)
	var found *class.Class
	for _, c := range classes {
		switch {
		case c.Name != name:
		case c.Namespace == namespace:
			found = c
		case (c.Namespace == "" || namespace == "") && found == nil:
			// The manifests leave a namespace to kubectl, so that both may be of one.
			found = c
		}
	}
	if found == nil && name == class.Shipped {
		return class.OfRelease()
	}
	return found
}

// classOf returns the name and the namespace of a Cluster's class, which v1beta1 and v1beta2 name in different fields.
func classOf(cluster map[string]any) (name, namespace string) {
	namespace = namespaceOf(cluster)
	for _, path := range [][2]string{
		{"spec.topology.class", "spec.topology.classNamespace"}, {"spec.topology.classRef.name", "spec.topology.classRef.namespace"},
	} {
		if name, _ = nested(cluster, path[0]).(string); name != "" {
			if other, _ := nested(cluster, path[1]).(string); other != "" {
				namespace = other
			}
			return name, namespace
		}
	}
	return "", namespace
}

// classVariable is what expressions see as bundle.class.
func classVariable(c *class.Class) map[string]any {
	var names, required []any
	for _, v := range c.Variables {
		names = append(names, v.Name)
		if _, hasDefault := v.Default(); v.Required && !hasDefault {
			required = append(required, v.Name)
		}
	}
	return map[string]any{
		"name": c.Name, "controlPlane": c.ControlPlane, "variables": names, "required": required,
		"deployments": asList(c.Deployments), "pools": asList(c.Pools),
	}
}

func asList(names []string) []any {
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = name
	}
	return values
}

// VariableSchema is the schema that a Cluster's variable at a path must fit, such as
// "spec.topology.variables[2]".
type VariableSchema struct {
	// Path of the value, such as "spec.topology.variables[2].value".
	Path string
	// Name of the variable, and Class that declares it.
	Name, Class string
	// Schema is OpenAPI's; it is shared and not to be changed. Value has the schema's defaults filled in.
	Schema map[string]any
	Value  any
}

// variableSchemas returns the schemas that the variables of a Cluster must fit. They are shared and not to be changed.
func variableSchemas(cluster map[string]any, used *class.Class) []VariableSchema {
	if used == nil {
		return nil
	}
	places := []string{"spec.topology.variables"}
	for _, part := range parts(cluster) {
		places = append(places, part+".variables.overrides")
	}
	var all []VariableSchema
	for _, place := range places {
		settings := settingsAt(cluster, place)
		for _, v := range used.Variables {
			if s, set := settings[v.Name]; set && v.Schema != nil {
				value := class.WithDefaults(v.Schema, s.value)
				all = append(all, VariableSchema{Path: s.path, Name: v.Name, Class: used.Name, Schema: v.Schema, Value: value})
			}
		}
	}
	slices.SortFunc(all, func(a, b VariableSchema) int { return comparePaths(a.Path, b.Path) })
	return all
}
