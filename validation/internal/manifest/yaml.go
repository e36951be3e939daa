package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// readYAML reads one YAML document as Kubernetes does: by YAML 1.1, strictly, into what JSON can say, whole numbers as
// int64. Kubernetes' own way (sigs.k8s.io/yaml, then apimachinery's decoder) writes JSON and reads that again; here the
// same parser's values are turned into the same result at once, and only what is unusual goes the long way.
func readYAML(text []byte) (any, error) {
	var parsed any
	if err := yamlv2.UnmarshalStrict(text, &parsed); err != nil {
		return nil, err
	}
	if value, ok := asJSON(parsed, 0); ok {
		return value, nil
	}
	if err := wrongName(parsed); err != nil {
		return nil, err
	}
	return readRoundabout(text)
}

// readRoundabout is the way of Kubernetes.
func readRoundabout(text []byte) (any, error) {
	converted, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
	}
	var value any
	if err := json.Unmarshal(converted, &value); err != nil {
		return nil, err
	}
	return value, nil
}

// asJSON returns what a parsed value is after a round trip through JSON. It is not ok with what JSON cannot say.
func asJSON(parsed any, depth int) (any, bool) {
	// JSON has a limit of its own, which is further away.
	const deep = 1000
	if depth > deep {
		return nil, false
	}
	switch v := parsed.(type) {
	case string:
		return asText(v), true
	case nil, bool:
		return v, true
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return float64(v), true
	case float64:
		return asNumber(v)
	case []any:
		return asItems(v, depth)
	case map[any]any:
		return asFields(v, depth)
	default:
		return nil, false
	}
}

// asItems reuses the slice, which no one else has: the parser makes a value anew for each alias.
func asItems(items []any, depth int) (any, bool) {
	for i, item := range items {
		value, ok := asJSON(item, depth+1)
		if !ok {
			return nil, false
		}
		items[i] = value
	}
	return items, true
}

func asFields(parsed map[any]any, depth int) (any, bool) {
	fields := make(map[string]any, len(parsed))
	for key, field := range parsed {
		name, ok := asName(key)
		if !ok {
			return nil, false
		}
		if fields[name], ok = asJSON(field, depth+1); !ok {
			return nil, false
		}
	}
	return fields, len(fields) == len(parsed)
}

func asName(key any) (string, bool) {
	switch k := key.(type) {
	case string:
		return asText(k), true
	case int:
		return strconv.Itoa(k), true
	case int64:
		return strconv.FormatInt(k, 10), true
	case bool:
		return strconv.FormatBool(k), true
	case float64:
		return asFloatName(k), true
	default:
		return "", false
	}
}

// asFloatName writes a number as a name as sigs.k8s.io/yaml does, with the digits of a float32.
func asFloatName(number float64) string {
	const bits = 32
	switch text := strconv.FormatFloat(number, 'g', -1, bits); text {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	default:
		return text
	}
}

// asText replaces bytes that are no text, one by one, as JSON does; they come by !!binary.
func asText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// asNumber makes a whole number of what JSON writes without a fraction or an exponent.
func asNumber(number float64) (any, bool) {
	const exponentFrom = 1e21
	switch {
	case math.IsInf(number, 0) || math.IsNaN(number):
		return nil, false
	case number != math.Trunc(number) || math.Abs(number) >= exponentFrom:
		return number, true
	}
	if whole, err := strconv.ParseInt(strconv.FormatFloat(number, 'f', -1, 64), 10, 64); err == nil {
		return whole, true
	}
	return number, true
}

// wrongName finds a key that JSON cannot have, or that is one with another there; Kubernetes would take any of those.
// It goes by the order of the keys, so that a document has one error, and it tells no values.
func wrongName(parsed any) error {
	switch v := parsed.(type) {
	case []any:
		for _, item := range v {
			if err := wrongName(item); err != nil {
				return err
			}
		}
	case map[any]any:
		fields := map[string]any{}
		for _, key := range slices.SortedFunc(maps.Keys(v), compareKeys) {
			name, ok := asName(key)
			if !ok {
				return fmt.Errorf("yaml: a key must be a text, not %v", cmp.Or(key, any("null")))
			}
			if _, twice := fields[name]; twice {
				return fmt.Errorf("yaml: key %q is given twice, in different forms", name)
			}
			fields[name] = v[key]
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if err := wrongName(fields[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareKeys(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
