// Command reference writes the reference pages of conditions and events, from the constants of the api module, the answers of
// the doctor and the catalog of events. Its argument is the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor/constants"
)

// pages are what is written, by path below the root.
var pages = map[string]func(known []constants.Constant) (string, error){
	"docs/observability-conditions.md": conditionsPage,
	"docs/observability-events.md":     eventsPage,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	known, err := readConstants(root)
	if err != nil {
		return err
	}
	directory, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }()

	for path, render := range pages {
		text, err := render(known)
		if err != nil {
			return fmt.Errorf("render %s: %w", path, err)
		}
		if err := directory.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// readConstants reads conditions, their reasons, the events, and the annotations that their comments name.
func readConstants(root string) ([]constants.Constant, error) {
	dir := filepath.Join(root, "api", "v1beta1")
	known, err := constants.Read(dir, "*_conditions.go")
	if err != nil {
		return nil, err
	}
	for _, file := range []string{"events.go", "metadata.go"} {
		more, err := constants.Read(dir, file)
		if err != nil {
			return nil, err
		}
		known = append(known, more...)
	}
	return known, nil
}
