package command

import (
	"os"
	"path/filepath"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// contents reads the files that settings name. All that is wrong with them is reported together, as usageError.
func contents(s settings.Settings) (manifest.Contents, error) {
	var problems []string
	kubeconfig, err := readKubeconfig(s.HarvesterKubeconfig)
	if err != nil {
		problems = append(problems, err.Error())
	}
	values, err := readCNIValues(s.CNIValues)
	if err != nil {
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return manifest.Contents{}, &usageError{problems}
	}
	return manifest.Contents{Kubeconfig: kubeconfig, CNIValues: values}, nil
}

// readKubeconfig returns what of the file belongs into the identity Secret. Nothing of it gets into an error.
func readKubeconfig(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	content, err := readFlagged("harvester-kubeconfig", path, "download it from Harvester's dashboard, and name the file")
	if err != nil {
		return nil, err
	}
	kubeconfig, err := identity.Kubeconfig(content)
	if err != nil {
		return nil, usage("--harvester-kubeconfig %s: %v", path, err)
	}
	return kubeconfig, nil
}

// readCNIValues returns Helm values as JSON decodes them, with whole numbers as such.
func readCNIValues(path string) (map[string]any, error) {
	if path == "" {
		return nil, nil
	}
	content, err := readFlagged("cni-values", path, "name a YAML file of Helm values")
	if err != nil {
		return nil, err
	}
	if line := settings.SecondDocument(content); line != 0 {
		return nil, usage("--cni-values %s: line %d begins a second YAML document, which would be lost: put all values into one", path, line)
	}
	values := make(map[string]any)
	encoded, err := yaml.YAMLToJSONStrict(content)
	if err == nil {
		err = utiljson.Unmarshal(encoded, &values)
	}
	if err != nil {
		return nil, usage("--cni-values %s: is not a YAML mapping of Helm values, each name once: correct the file", path)
	}
	return values, nil
}

func readFlagged(flag, path, fix string) ([]byte, error) {
	// A shell expands the tilde of "--flag ~/file", but not that of "--flag=~/file".
	if rest, relative := strings.CutPrefix(path, "~/"); relative {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	content, err := os.ReadFile(path) //nolint:gosec // Reading the file that the user names is the point.
	if err != nil {
		return nil, usage("--%s cannot be read: %v: %s", flag, err, fix)
	}
	return content, nil
}
