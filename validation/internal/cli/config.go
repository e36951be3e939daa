package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
)

// defaultConfig is read from the working directory when --config is not given.
const defaultConfig = ".caphv-lint.yaml"

// config is the configuration file.
type config struct {
	// FailOn is the default of --fail-on.
	FailOn string `json:"failOn,omitempty"`
	// Ignore names rules whose warnings and hints are accepted everywhere.
	Ignore []lint.Ignored `json:"ignore,omitempty"`
	// Exclude are patterns of files to leave out, beside those of --exclude.
	Exclude manifest.Excludes `json:"exclude,omitempty"`
}

// readConfig reads the named file, or the default one if it is there.
func readConfig(name string) (config, error) {
	var settings config
	path := name
	if path == "" {
		path = defaultConfig
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user names it
	if name == "" && errors.Is(err, fs.ErrNotExist) {
		return settings, nil
	}
	if err != nil {
		return settings, fmt.Errorf("configuration: %w", err)
	}
	if err := yaml.UnmarshalStrict(text, &settings); err != nil {
		return settings, fmt.Errorf("configuration %s: %w", path, err)
	}
	return settings, nil
}

// check finds entries that would silently do nothing.
func (c config) check(rules []validation.Rule) error {
	for _, entry := range c.Ignore {
		known := slices.ContainsFunc(rules, func(r validation.Rule) bool { return strings.EqualFold(r.ID, entry.Rule) })
		if !known {
			return fmt.Errorf("configuration: ignore: rule %q does not exist; caphv-lint list shows all", entry.Rule)
		}
		if entry.Reason == "" {
			return fmt.Errorf("configuration: ignore: %s has no reason", entry.Rule)
		}
	}
	return nil
}
