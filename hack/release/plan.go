package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
	"sigs.k8s.io/yaml"
)

// prefix is the path under which every module is published.
const prefix = "github.com/rancher-sandbox/cluster-api-provider-harvester/"

// plan says which module gets which version, in the order in which their tags are pushed: what a module requires comes
// before it.
type plan struct {
	// Release is the version of the release itself, which is that of the provider.
	Release string
	// Modules by their directories, in order.
	Modules []string
	// Version of each module.
	Version map[string]string
}

type moduleSets struct {
	Sets map[string]struct {
		Version string   `json:"version"`
		Modules []string `json:"modules"`
	} `json:"module-sets"`
	Excluded []string `json:"excluded-modules"`
}

// readPlan reads versions.yaml and the go.mod files of a tree. Every module of go.work must have a place in it.
func readPlan(root string) (*plan, error) {
	text, err := os.ReadFile(filepath.Join(root, "versions.yaml"))
	if err != nil {
		return nil, err
	}
	var sets moduleSets
	if err := yaml.UnmarshalStrict(text, &sets); err != nil {
		return nil, fmt.Errorf("versions.yaml: %w", err)
	}
	result := &plan{Version: map[string]string{}}
	for _, name := range sortedKeys(sets.Sets) {
		set := sets.Sets[name]
		if !semver.IsValid(set.Version) || semver.Canonical(set.Version) != set.Version {
			return nil, fmt.Errorf("versions.yaml: module-sets.%s.version: %q is not a version such as v0.1.0", name, set.Version)
		}
		for _, module := range set.Modules {
			if result.Version[module] != "" {
				return nil, fmt.Errorf("versions.yaml: %s is in two sets", module)
			}
			result.Version[module] = set.Version
		}
	}
	result.Release = sets.Sets["provider"].Version
	if err := result.complete(root, sets.Excluded); err != nil {
		return nil, err
	}
	return result, result.sort(root)
}

// complete checks that the sets and go.work name the same modules.
func (p *plan) complete(root string, excluded []string) error {
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return err
	}
	work, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, use := range work.Use {
		module := strings.TrimPrefix(use.Path, "./")
		known[module] = true
		if p.Version[module] == "" && !slices.Contains(excluded, module) {
			return fmt.Errorf("versions.yaml: %s of go.work has no version: add it to a set, or to excluded-modules", module)
		}
	}
	for _, module := range sortedKeys(p.Version) {
		if !known[module] {
			return fmt.Errorf("versions.yaml: %s is not a module of go.work", module)
		}
	}
	return nil
}

// sort orders the modules by what they require.
func (p *plan) sort(root string) error {
	done := map[string]bool{}
	for len(p.Modules) < len(p.Version) {
		before := len(p.Modules)
		for _, module := range sortedKeys(p.Version) {
			siblings, err := siblingsOf(root, module)
			if err != nil {
				return err
			}
			if done[module] || slices.ContainsFunc(siblings, func(s string) bool { return !done[s] }) {
				continue
			}
			done[module] = true
			p.Modules = append(p.Modules, module)
		}
		if len(p.Modules) == before {
			return errors.New("versions.yaml: modules require each other, or one that is not tagged")
		}
	}
	return nil
}

// siblingsOf lists the modules of the tree that a module requires.
func siblingsOf(root, module string) ([]string, error) {
	file, err := readMod(root, module)
	if err != nil {
		return nil, err
	}
	var siblings []string
	for _, require := range file.Require {
		if sibling, ok := strings.CutPrefix(require.Mod.Path, prefix); ok {
			siblings = append(siblings, sibling)
		}
	}
	return siblings, nil
}

func readMod(root, module string) (*modfile.File, error) {
	path := filepath.Join(root, module, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, text, nil)
}

// tags are those of the modules, in order, and at last that of the release.
func (p *plan) tags() []string {
	var tags []string
	for _, module := range p.Modules {
		tags = append(tags, module+"/"+p.Version[module])
	}
	return append(tags, p.Release)
}
