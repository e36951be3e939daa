// Command gen writes what caphv-lint needs of the released ClusterClass.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/class"
)

func main() {
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(from, to string) error {
	text, err := os.ReadFile(from) //nolint:gosec // the maker names it
	if err != nil {
		return err
	}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		if object["kind"] != "ClusterClass" {
			continue
		}
		read := class.Read(object)
		for _, v := range read.Variables {
			trim(v.Schema)
		}
		data, err := json.MarshalIndent(read, "", " ")
		if err != nil {
			return err
		}
		const readable = 0o644
		return os.WriteFile(to, append(data, '\n'), readable) //nolint:gosec // the maker names it
	}
	return errors.New(from + " holds no ClusterClass")
}

// trim takes descriptions out. A property may have that name, too, and is an object then.
func trim(schema map[string]any) {
	if _, isText := schema["description"].(string); isText {
		delete(schema, "description")
	}
	for _, value := range schema {
		if inner, ok := value.(map[string]any); ok {
			trim(inner)
		}
	}
}
