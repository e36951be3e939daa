package suite

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Tier is the part of the suite that a package belongs to.
type Tier string

// The tiers, in the order in which they are reported.
const (
	Project     Tier = "project"
	Unit        Tier = "unit"
	Conformance Tier = "conformance"
	E2E         Tier = "e2e"
)

// Module is one Go module of the repository that has tests.
type Module struct {
	// Dir is its directory, relative to the repository's root and with slashes.
	Dir string
	// Path is its module path.
	Path string
	// Siblings are the directories of the modules that it takes from the repository by a replace.
	Siblings []string
}

// Modules finds every module below root whose packages are tested. The tool modules below hack/tools and the
// third-party programs below sandbox/programs have no tests and are left out.
func Modules(root string) ([]Module, error) {
	var found []Module
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != root && skipped(relative, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Name() != "go.mod" {
			return nil
		}
		module, err := readModule(root, filepath.Dir(relative))
		found = append(found, module)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("finding modules below %s: %w", root, err)
	}
	return found, nil
}

func skipped(relative, name string) bool {
	return strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "out" ||
		relative == filepath.Join("hack", "tools") || relative == filepath.Join("sandbox", "programs")
}

func readModule(root, dir string) (Module, error) {
	path := filepath.Join(root, dir, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return Module{}, err
	}
	file, err := modfile.Parse(path, data, nil)
	if err != nil {
		return Module{}, err
	}

	module := Module{Dir: filepath.ToSlash(dir), Path: file.Module.Mod.Path}
	for _, replaced := range file.Replace {
		if replaced.New.Version == "" && strings.HasPrefix(replaced.New.Path, ".") {
			module.Siblings = append(module.Siblings, filepath.ToSlash(filepath.Join(dir, replaced.New.Path)))
		}
	}
	return module, nil
}

// Restrict keeps the modules that are named, those nested in them, and the conformance modules that take one of them by
// a replace. No name keeps all. A name that is no module's is an error.
func Restrict(modules []Module, names []string) ([]Module, error) {
	if len(names) == 0 {
		return modules, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(modules, func(m Module) bool { return m.Dir == name }) {
			return nil, fmt.Errorf("MODULES: %q is not a directory of a module with tests", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(modules), func(m Module) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return m.belongsTo(name) })
	}), nil
}

func (m Module) belongsTo(name string) bool {
	if m.Dir == name || strings.HasPrefix(m.Dir, name+"/") {
		return true
	}
	return m.tier() == Conformance && slices.Contains(m.Siblings, name)
}

func (m Module) tier() Tier {
	switch {
	case strings.HasPrefix(m.Dir, "conformance/"):
		return Conformance
	case strings.HasPrefix(m.Dir, "hack/"):
		return Project
	}
	return Unit
}

// Vetted tells whether golangci-lint covers the module, and go vet with it. go test need not vet such a module again.
func (m Module) Vetted() bool { return m.tier() == Unit }
