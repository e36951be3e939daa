// Command gen writes the rules into CustomResourceDefinitions, in place, after controller-gen has written those.
// Whether the API server compiles the expressions and bears their cost is for tests with a real one to tell.
package main

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/crd"
)

// version is the one that users write and that is stored.
const version = "v1beta1"

func main() {
	engine, err := validation.NewEngine()
	if err == nil {
		for _, name := range os.Args[1:] {
			err = errors.Join(err, write(engine.Rules(), name))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(rules []validation.Rule, name string) error {
	text, err := os.ReadFile(name) //nolint:gosec // the maker names it
	if err != nil {
		return err
	}
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	definition := map[string]any{}
	if err := json.Unmarshal(data, &definition); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := inject(rules, definition); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	written, err := yaml.Marshal(definition)
	if err != nil {
		return err
	}
	const readable = 0o644
	return os.WriteFile(name, append([]byte("---\n"), written...), readable) //nolint:gosec // the maker names it
}

func inject(rules []validation.Rule, definition map[string]any) error {
	spec, _ := definition["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	kind, _ := names["kind"].(string)
	versions, _ := spec["versions"].([]any)
	for _, item := range versions {
		entry, _ := item.(map[string]any)
		if entry["name"] != version {
			continue
		}
		holder, _ := entry["schema"].(map[string]any)
		schema, _ := holder["openAPIV3Schema"].(map[string]any)
		if err := crd.Inject(rules, kind, schema); err != nil {
			return err
		}
	}
	return nil
}
