package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

// Load sets the flags that a values file names and the command line does not, and marks them as given. The file is YAML or
// JSON: one mapping from flags' names without dashes to values of the kinds of Schema. An error lists everything that is
// wrong with the file; it repeats keys, but no value.
func Load(content []byte, fields []Field, flags *pflag.FlagSet) error {
	values := make(map[string]any)
	if err := yaml.UnmarshalStrict(content, &values); err != nil {
		return errors.New("is not a YAML mapping of flags' names to values, each name once")
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var problems []error
	for _, key := range keys {
		at := slices.IndexFunc(fields, func(f Field) bool { return f.Flag == key })
		if at < 0 {
			problems = append(problems, fmt.Errorf("%q is not a value: caphv-generate schema lists them", key))
			continue
		}
		if err := load(values[key], fields[at], flags.Lookup(key)); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func load(value any, field Field, flag *pflag.Flag) error {
	texts, fits := textsOf(value, field.Kind)
	if !fits {
		return fmt.Errorf("%q is not of the right kind: give %s", field.Flag, field.Kind.words())
	}
	if flag.Changed {
		return nil
	}
	flag.Changed = true
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(texts)
	}
	if err := flag.Value.Set(texts[0]); err != nil {
		return fmt.Errorf("%q is not of the right kind: give %s", field.Flag, field.Kind.words())
	}
	return nil
}

// textsOf turns a decoded value into the texts that a flag takes, if it is of the kind.
func textsOf(value any, kind Kind) ([]string, bool) {
	switch value := value.(type) {
	case string:
		return []string{value}, kind == Text
	case bool:
		return []string{strconv.FormatBool(value)}, kind == Truth
	case float64:
		return []string{strconv.FormatFloat(value, 'f', -1, 64)}, kind == Number
	case int64:
		return []string{strconv.FormatInt(value, 10)}, kind == Number
	case []any:
		texts := make([]string, 0, len(value))
		for _, item := range value {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			texts = append(texts, text)
		}
		return texts, kind == Texts
	}
	return nil, false
}

func (k Kind) words() string {
	switch k {
	case Texts:
		return "a list of strings"
	case Number:
		return "a whole number"
	case Truth:
		return "true or false"
	case Text:
	}
	return "a string, in quotes if it looks like a number"
}

// SchemaID is where the schema is published.
const SchemaID = "https://raw.githubusercontent.com/rancher-sandbox/cluster-api-provider-harvester/main/generate/values.schema.json"

// Schema is the JSON Schema of values files, with the present values of the fields as defaults.
func Schema(fields []Field) ([]byte, error) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	properties := make(map[string]any, len(fields))
	for _, field := range fields {
		field.Register(flags)
		properties[field.Flag] = property(field, flags.Lookup(field.Flag))
	}
	schema, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  SchemaID,
		"title":                "Values of caphv-generate",
		"description":          "A cluster for caphv-generate -f. Each value is the flag of the same name; a flag that is given wins.",
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(schema, '\n'), nil
}

func property(field Field, flag *pflag.Flag) map[string]any {
	property := map[string]any{"type": string(field.Kind), "description": strings.ToUpper(field.Usage[:1]) + field.Usage[1:]}
	if field.Kind == Texts {
		property["items"] = map[string]any{"type": "string"}
	}
	if len(field.Choices) > 0 {
		property["enum"] = field.Choices
	}
	switch {
	case field.Kind == Number && flag.DefValue != "0":
		property["default"] = json.Number(flag.DefValue)
	case field.Kind == Text && flag.DefValue != "":
		property["default"] = flag.DefValue
	case field.Kind == Truth:
		property["default"] = flag.DefValue == "true"
	}
	return property
}
