package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// valueField holds a single value while it is validated, since schemas are those of objects.
const valueField = "value"

// compiledValues are the schemas of single values that were used already, by the address of the map. The maps are those
// of ClusterClasses, which are never changed and live as long as the run.
var compiledValues sync.Map

// CheckValue returns what Cluster API would say about the value of a variable, by the schema that its ClusterClass has
// for it. Paths begin with the given one. The value is not changed, and the schema must never be changed. A schema that
// the API server would not take has nothing against any value: the ClusterClass itself is refused.
func CheckValue(schema map[string]any, value any, path string) []Fault {
	compiled := compiledValue(schema)
	if compiled == nil {
		return nil
	}
	object := map[string]any{valueField: runtime.DeepCopyJSONValue(value)}
	var faults []Fault
	for _, fault := range compiled.create(object) {
		if inside, ok := strings.CutPrefix(fault.Path, valueField); ok {
			fault.Message = strings.ReplaceAll(fault.Message, fault.Path+" in body ", "")
			fault.Message = strings.ReplaceAll(fault.Message, `"`+fault.Path+`"`, `"`+strings.TrimPrefix(inside, ".")+`"`)
			fault.Path = path + inside
			faults = append(faults, fault)
		}
	}
	return faults
}

func compiledValue(schema map[string]any) *compiled {
	address := reflect.ValueOf(schema).Pointer()
	if known, ok := compiledValues.Load(address); ok {
		return known.(*compiled) //nolint:forcetypeassert // nothing else is stored
	}
	made, err := compileValue(schema)
	if err != nil {
		made = nil
	}
	compiledValues.Store(address, made)
	return made
}

func compileValue(schema map[string]any) (*compiled, error) {
	text, err := json.Marshal(map[string]any{"type": "object", "properties": map[string]any{valueField: schema}})
	if err != nil {
		return nil, fmt.Errorf("schema of a variable: %w", err)
	}
	var props apiextensionsv1.JSONSchemaProps
	if err := json.Unmarshal(text, &props); err != nil {
		return nil, fmt.Errorf("schema of a variable: %w", err)
	}
	const version = "value"
	return compile(Definition{Versions: map[string]apiextensionsv1.JSONSchemaProps{version: props}}, version)
}
