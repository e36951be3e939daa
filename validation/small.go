package validation

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"k8s.io/apiserver/pkg/cel/library"
)

// Up to here an object is small: its rules cannot cost as much as Kubernetes allows, so that no one needs to count,
// which takes longer than validating. The largest realistic machine has a third of it.
const (
	smallValues = 512
	smallText   = 16 << 10
)

// isSmall tells whether an object has at most so many values and characters.
func isSmall(object map[string]any) bool {
	values, text := smallValues, smallText
	return fitsInto(object, &values, &text)
}

func fitsInto(value any, values, text *int) bool {
	*values--
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			if *text -= len(name); !fitsInto(field, values, text) {
				return false
			}
		}
	case []any:
		for _, item := range v {
			if !fitsInto(item, values, text) {
				return false
			}
		}
	case string:
		*text -= len(v)
	}
	return *values >= 0 && *text >= 0
}

// uncountedEnvironment has the functions of celEnvironment and does not count costs. Expressions are checked in that
// one, and only planned in this.
func uncountedEnvironment() (*cel.Env, error) {
	const stringsOfKubernetes = 2
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(),
		library.URLs(), library.Regex(), library.Lists(), library.Quantity(), library.IP(), library.CIDR(), library.Format(),
		ext.Strings(ext.StringsVersion(stringsOfKubernetes)), ext.Sets(),
		cel.Variable(varSelf, cel.DynType), cel.Variable(varOldSelf, cel.DynType), cel.Variable(varDryRunTopology, cel.BoolType),
		cel.Variable(varObject, cel.DynType), cel.Variable(varBundle, cel.DynType),
	)
	if err != nil {
		return nil, fmt.Errorf("make the CEL environment: %w", err)
	}
	return env, nil
}
