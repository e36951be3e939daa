package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v2"
)

// Earlier is a file that an earlier run wrote: its name and its content are those of an object that Build makes.
type Earlier struct {
	// Path and Dir are within the directory that was looked at; Dir is "." for that directory itself.
	Path, Dir string
	// Cluster is the one it is for, as namespace/name; empty for a Namespace, which several may share.
	Cluster string
}

var fileName = regexp.MustCompile(`^[0-9]{2,}-([a-z]+)-(.+)\.yaml$`)

// places are where runs write to below a directory: one cluster, or several, with Secrets among the rest or apart.
var places = []string{"*.yaml", "secrets/*.yaml", "*/*/*.yaml", "*/*/secrets/*.yaml"}

// FindEarlier returns the files of earlier runs below a directory, but for those that current tells are written now. A
// directory that does not exist has none.
func FindEarlier(root string, current func(path string) bool) ([]Earlier, error) {
	var found []Earlier
	for _, place := range places {
		// The patterns are sound, so there is no error; the directory's own name may hold what looks like one.
		paths, _ := fs.Glob(os.DirFS(root), place)
		for _, path := range paths {
			if current(path) || slices.ContainsFunc(found, func(e Earlier) bool { return e.Path == path }) {
				continue
			}
			earlier, is, err := readEarlier(root, path)
			if err != nil {
				return nil, err
			}
			if is {
				found = append(found, earlier)
			}
		}
	}
	return found, nil
}

// head is what tells an object's file.
type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string            `yaml:"name"`
		Namespace string            `yaml:"namespace"`
		Labels    map[string]string `yaml:"labels"`
	} `yaml:"metadata"`
}

func readEarlier(root, path string) (Earlier, bool, error) {
	name := fileName.FindStringSubmatch(filepath.Base(path))
	if name == nil {
		return Earlier{}, false, nil
	}
	content, err := os.ReadFile(filepath.Join(root, path)) //nolint:gosec // The directory is the user's.
	if errors.Is(err, fs.ErrNotExist) {
		return Earlier{}, false, nil
	}
	if err != nil {
		return Earlier{}, false, err
	}
	var object head
	if yaml.Unmarshal(content, &object) != nil || strings.ToLower(object.Kind) != name[1] || object.Metadata.Name != name[2] {
		return Earlier{}, false, nil //nolint:nilerr // what cannot be read is nothing that was written before
	}
	earlier := Earlier{Path: path, Dir: filepath.Dir(path)}
	if object.Kind == "Namespace" {
		return earlier, len(object.Metadata.Labels) == 0, nil
	}
	cluster := object.Metadata.Labels[clusterNameLabel]
	earlier.Cluster = object.Metadata.Namespace + "/" + cluster
	for _, belonging := range Belongings(object.Metadata.Namespace, cluster, "v1beta1") {
		if belonging.GetKind() == object.Kind && belonging.GetName() == object.Metadata.Name {
			return earlier, true, nil
		}
	}
	return Earlier{}, false, nil
}

// Clean is what to do about files of earlier runs.
type Clean struct {
	// Remove are paths that are out of date.
	Remove []string
	// InTheWay are other clusters whose files would mix with those that are written now.
	InTheWay []string
	// Left are other clusters whose files stay in directories of their own.
	Left []string
}

// PlanClean decides about the files of earlier runs. Those of the clusters that are written now are out of date. Those of
// other clusters are in the way where clusters would mix: no file is removed on a guess.
func PlanClean(earlier []Earlier, clusters []string) Clean {
	var plan Clean
	kept := make(map[string]bool)
	for _, file := range earlier {
		top := file.Dir == "." || file.Dir == "secrets"
		switch {
		case file.Cluster == "":
		case slices.Contains(clusters, file.Cluster):
			plan.Remove = append(plan.Remove, file.Path)
		case len(clusters) == 1 || top:
			kept[file.Dir] = true
			plan.InTheWay = appendNew(plan.InTheWay, file.Cluster)
		default:
			kept[file.Dir] = true
			plan.Left = appendNew(plan.Left, file.Cluster)
		}
	}
	for _, file := range earlier {
		removes := slices.ContainsFunc(plan.Remove, func(path string) bool { return filepath.Dir(path) == file.Dir })
		if file.Cluster == "" && removes && !kept[file.Dir] {
			plan.Remove = append(plan.Remove, file.Path)
		}
	}
	return plan
}

func appendNew(list []string, value string) []string {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// RemoveEarlier removes files, and directories that are empty then.
func RemoveEarlier(root string, paths []string) error {
	for _, path := range paths {
		if err := os.Remove(filepath.Join(root, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, path := range paths {
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			removeIfEmpty(filepath.Join(root, dir))
		}
	}
	return nil
}

// removeIfEmpty removes a directory that holds nothing, or only the file by which Git ignores it.
func removeIfEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	if len(entries) == 1 && entries[0].Name() == ".gitignore" {
		content, err := os.ReadFile(filepath.Join(dir, ".gitignore")) //nolint:gosec // The directory is the user's.
		if err != nil || string(content) != ignoreAll {
			return
		}
		_ = os.Remove(filepath.Join(dir, ".gitignore"))
	}
	_ = os.Remove(dir) // It fails if it is not empty.
}
