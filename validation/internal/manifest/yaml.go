package manifest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// errRoundabout says that a value is for readRoundabout.
var errRoundabout = errors.New("the value is unusual")

// readYAML reads one YAML document as Kubernetes does: by YAML 1.1, strictly, into what JSON can say, whole numbers as
// int64. Kubernetes' own way (sigs.k8s.io/yaml, then apimachinery's decoder) writes JSON and reads that again; here the
// same parser's values are turned into the same result at once, and only what is unusual goes the long way.
func readYAML(text []byte) (any, error) {
	var parsed any
	if err := yamlv2.UnmarshalStrict(text, &parsed); err != nil {
		return nil, err
	}
	value, err := asJSON(parsed, 0)
	if errors.Is(err, errRoundabout) {
		return readRoundabout(text)
	}
	return value, err
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

// asJSON returns what a parsed value is after a round trip through JSON.
func asJSON(parsed any, depth int) (any, error) {
	// JSON has a limit of its own, which is further away.
	const deep = 1000
	if depth > deep {
		return nil, errRoundabout
	}
	switch v := parsed.(type) {
	case string:
		return asText(v), nil
	case nil, bool:
		return v, nil
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case uint64:
		return float64(v), nil
	case float64:
		return asNumber(v)
	case []any:
		return asItems(v, depth)
	case map[any]any:
		return asFields(v, depth)
	default:
		return nil, errRoundabout
	}
}

// asItems reuses the slice, which nobody else has: the parser makes a value anew for each alias.
func asItems(items []any, depth int) (any, error) {
	for i, item := range items {
		value, err := asJSON(item, depth+1)
		if err != nil {
			return nil, err
		}
		items[i] = value
	}
	return items, nil
}

// asFields has an error for names that differ in YAML and are one in JSON, of which Kubernetes takes any.
func asFields(parsed map[any]any, depth int) (any, error) {
	fields := make(map[string]any, len(parsed))
	for key, field := range parsed {
		name, err := asName(key)
		if err != nil {
			return nil, err
		}
		value, err := asJSON(field, depth+1)
		if err != nil {
			return nil, err
		}
		fields[name] = value
	}
	if len(fields) < len(parsed) {
		return nil, ambiguous(parsed)
	}
	return fields, nil
}

// ambiguous names the least of the names that are given twice.
func ambiguous(parsed map[any]any) error {
	seen, least := map[string]bool{}, ""
	for key := range parsed {
		name, _ := asName(key)
		if seen[name] && (least == "" || name < least) {
			least = name
		}
		seen[name] = true
	}
	return fmt.Errorf("yaml: key %q is given twice, in different forms", least)
}

func asName(key any) (string, error) {
	switch k := key.(type) {
	case string:
		return asText(k), nil
	case int:
		return strconv.Itoa(k), nil
	case bool:
		return strconv.FormatBool(k), nil
	case float64:
		return asFloatName(k), nil
	default:
		return "", errRoundabout
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
func asNumber(number float64) (any, error) {
	const exponentFrom = 1e21
	switch {
	case math.IsInf(number, 0) || math.IsNaN(number):
		return nil, errRoundabout
	case number != math.Trunc(number) || math.Abs(number) >= exponentFrom:
		return number, nil
	}
	if whole, err := strconv.ParseInt(strconv.FormatFloat(number, 'f', -1, 64), 10, 64); err == nil {
		return whole, nil
	}
	return number, nil
}
