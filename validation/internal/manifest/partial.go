package manifest

import (
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// chartOf returns the Chart.yaml of the Helm chart that a file is a template of: the file lies below the directory
// templates beside it. It returns nothing for other files.
func chartOf(file string) string {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(absolute); ; dir = filepath.Dir(dir) {
		if filepath.Base(dir) == "templates" {
			chart := filepath.Join(filepath.Dir(dir), "Chart.yaml")
			if info, err := os.Stat(chart); err == nil && !info.IsDir() {
				return shown(file, absolute, chart)
			}
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
	}
}

// kustomizations are the names that kustomize looks for.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// patches knows which files are patches of kustomize. It reads each kustomization once.
type patches struct {
	// listed are, for a directory, the absolute paths of what the kustomization in it lists as patches.
	listed map[string]map[string]string
}

func newPatches() *patches { return &patches{listed: map[string]map[string]string{}} }

// of returns the kustomization that lists a file as a patch. It looks beside the file and in the directories above it,
// up to the root of the repository: patches often lie in a directory of their own.
func (p *patches) of(file string) string {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(absolute); ; dir = filepath.Dir(dir) {
		if by, ok := p.in(dir)[absolute]; ok {
			return shown(file, absolute, by)
		}
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || filepath.Dir(dir) == dir {
			return ""
		}
	}
}

func (p *patches) in(dir string) map[string]string {
	if listed, ok := p.listed[dir]; ok {
		return listed
	}
	listed := map[string]string{}
	p.listed[dir] = listed
	for _, name := range kustomizations {
		text, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // it lies beside a file that is to be read
		if err != nil {
			continue
		}
		for _, patch := range patchesOf(text) {
			listed[filepath.Join(dir, filepath.FromSlash(patch))] = filepath.Join(dir, name)
		}
	}
	return listed
}

// patchFields are kustomize's fields for patches and for what works like them, the deprecated ones included.
var patchFields = []string{"patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "transformers"}

// patchesOf returns the paths that a kustomization names as patches: an entry is a path, or has one, or holds the patch
// itself. A kustomization that cannot be read names none.
func patchesOf(text []byte) []string {
	var kustomization map[string]any
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		return nil
	}
	var paths []string
	for _, field := range patchFields {
		entries, _ := kustomization[field].([]any)
		for _, entry := range entries {
			path, _ := entry.(string)
			if object, ok := entry.(map[string]any); ok {
				path, _ = object["path"].(string)
			}
			if path != "" && !strings.Contains(path, "\n") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// shown writes a path beside a file in the form in which the file was named.
func shown(file, absolute, beside string) string {
	relative, err := filepath.Rel(filepath.Dir(absolute), beside)
	if err != nil {
		return beside
	}
	return filepath.Join(filepath.Dir(file), relative)
}
