package checks

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// ownVersions are the modules that choose versions for themselves, with the reason.
var ownVersions = map[string]string{
	"sandbox/programs/rke2":                  "upstream pins Kubernetes 0.32 and Cluster API 1.10",
	"conformance/harvesterallocator":         "upstream's own set of versions is part of what is compared",
	"conformance/harvestertypes":             "upstream's own set of versions is part of what is compared",
	"conformance/kubevirtadmission":          "upstream's own set of versions is part of what is compared",
	"conformance/kubevirtadmission/machines": "built with conformance/kubevirtadmission",
	"validation/bench":                       "the linters compared with choose",
}

// ownVersion are single dependencies of a module that differ, with the reason.
var ownVersion = map[string]map[string]string{
	"sandbox/programs/kubernetes": {
		"github.com/google/cel-go":      kubernetesAsReleased,
		"github.com/antlr4-go/antlr/v4": kubernetesAsReleased,
		"k8s.io/utils":                  kubernetesAsReleased,
	},
	"sandbox/programs/node": {
		"github.com/google/cel-go":      kubernetesAsReleased,
		"github.com/antlr4-go/antlr/v4": kubernetesAsReleased,
		"k8s.io/utils":                  kubernetesAsReleased,
	},
	"sandbox": {
		"github.com/cpuguy83/go-md2man/v2": "go-containerregistry asks for a newer one than cobra does",
	},
	"sandbox/programs/etcdctl": {
		"github.com/olekukonko/tablewriter": etcdctlAsReleased,
		"github.com/mattn/go-runewidth":     etcdctlAsReleased,
		"github.com/fatih/color":            etcdctlAsReleased,
	},
}

const etcdctlAsReleased = "etcdctl is written for the table writer's v0; Cluster API's clusterctl takes v1"

const kubernetesAsReleased = "an API server and a kubelet decide as the released ones do"

// moduleDirs finds every module below root, those of tools excepted: their programs are linked with nothing of ours.
func moduleDirs(root string) ([]string, error) {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "bin" || entry.Name() == "testdata" || relative == filepath.Join("hack", "tools")) {
			return fs.SkipDir
		}
		if entry.Name() == "go.mod" {
			dirs = append(dirs, filepath.ToSlash(filepath.Dir(relative)))
		}
		return nil
	})
	return dirs, err
}

// versions are what a module's build takes of each dependency, replacements considered. A dependency that is replaced by
// a directory has no version.
func versions(file *modfile.File) map[string]string {
	found := map[string]string{}
	for _, require := range file.Require {
		found[require.Mod.Path] = require.Mod.Version
	}
	for _, replace := range file.Replace {
		if version, has := found[replace.Old.Path]; has && (replace.Old.Version == "" || replace.Old.Version == version) {
			found[replace.Old.Path] = replace.New.Version
		}
	}
	return found
}

// difference is a dependency of which modules take different versions.
type difference struct{ path, module, version, other, otherVersion string }

// differences compares the modules, in the order of their names, with the first that has each dependency.
func differences(modules map[string]*modfile.File) []difference {
	type use struct{ module, version string }
	first := map[string]use{}
	var found []difference
	names := make([]string, 0, len(modules))
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if ownVersions[name] != "" {
			continue
		}
		for path, version := range versions(modules[name]) {
			if version == "" || ownVersion[name][path] != "" {
				continue
			}
			seen, has := first[path]
			if !has {
				first[path] = use{name, version}
			} else if seen.version != version {
				found = append(found, difference{path, seen.module, seen.version, name, version})
			}
		}
	}
	return found
}

func readModules(root string) (map[string]*modfile.File, error) {
	dirs, err := moduleDirs(root)
	if err != nil {
		return nil, err
	}
	modules := map[string]*modfile.File{}
	for _, dir := range dirs {
		path := filepath.Join(root, dir, "go.mod")
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if modules[dir], err = modfile.Parse(path, data, nil); err != nil {
			return nil, err
		}
	}
	return modules, nil
}
