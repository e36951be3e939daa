package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// Load sets the flags that a values file names and the command line does not, and marks them as given. The file is YAML or
// JSON: one document, one mapping from flags' names without dashes to values. A value may be whatever the flag takes, as
// text, number or truth; a list may be one text with commas. An error lists everything that is wrong with the file, with
// the lines; it repeats keys, but no value.
func Load(content []byte, fields []Field, flags *pflag.FlagSet) error {
	found, err := entries(content)
	if err != nil {
		return err
	}
	var problems []error
	for _, e := range found {
		at := slices.IndexFunc(fields, func(f Field) bool { return f.Flag == e.key })
		if at < 0 {
			problems = append(problems, fmt.Errorf("line %d: %q is not a value%s", e.line, e.key, meant(e.key, fields)))
			continue
		}
		if err := load(e.value, fields[at], flags.Lookup(e.key)); err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", e.line, err))
		}
	}
	return errors.Join(problems...)
}

// meant names the value that was probably meant.
func meant(key string, fields []Field) string {
	names := make([]string, 0, len(fields))
	for _, field := range fields {
		names = append(names, field.Flag)
	}
	if near := Nearest(strings.ReplaceAll(key, "_", "-"), names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ": caphv-generate schema lists them"
}

func load(value *yaml.Node, field Field, flag *pflag.Flag) error {
	wrong := fmt.Errorf("%q is not of the right kind: give %s", field.Flag, field.Kind.words())
	texts, fits := textsOf(value, field)
	if !fits {
		return wrong
	}
	if flag.Changed {
		return nil
	}
	flag.Changed = true
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(texts)
	}
	if flag.Value.Set(texts[0]) != nil {
		return wrong
	}
	return nil
}

// textsOf are the texts of a value as it is written, if the field can take them: 1.30 stays 1.30.
func textsOf(value *yaml.Node, field Field) ([]string, bool) {
	switch {
	case value.Kind == yaml.ScalarNode && !isNull(value):
		if field.Kind != Texts {
			return []string{value.Value}, true
		}
		texts, err := splitTexts(value.Value)
		return texts, err == nil
	case value.Kind != yaml.SequenceNode || field.Kind != Texts && !field.commas:
		return nil, false
	}
	texts := make([]string, 0, len(value.Content))
	for _, item := range value.Content {
		if item = resolved(item); item.Kind != yaml.ScalarNode || isNull(item) {
			return nil, false
		}
		texts = append(texts, item.Value)
	}
	if field.commas {
		return []string{strings.Join(texts, ",")}, true
	}
	return texts, true
}

func (k Kind) words() string {
	switch k {
	case Texts:
		return "a string or a list of strings"
	case Number:
		return "a whole number"
	case Truth:
		return "true or false"
	case Text:
	}
	return "a string"
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
	if field.Kind == Texts || field.commas {
		// One text with commas is as good as a list.
		property["type"] = []string{string(Texts), string(Text)}
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
