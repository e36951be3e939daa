package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// writeAssets writes everything that a release uploads, and their checksums.
func (s settings) writeAssets(ctx context.Context, out io.Writer) error {
	if !semver.IsValid(s.image.Tag) || semver.Canonical(s.image.Tag) != s.image.Tag {
		return fmt.Errorf("--version %q is not a release: use one such as v0.11.0", s.image.Tag)
	}
	plan, err := readPlan(s.root)
	if err != nil {
		return err
	}
	assets := map[string][]byte{"tags.txt": []byte(strings.Join(plan.tags(), "\n") + "\n")}
	changed := commitTime(ctx, s.root)
	for _, add := range []func() error{
		func() error { return s.addManifests(assets) },
		func() error { return s.addTemplates(assets) },
		func() error { return s.addChart(assets, changed) },
		func() error { return s.addDirectories(assets, changed) },
		func() error { return s.addBinaries(ctx, assets, changed) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	assets["SHA256SUMS"] = checksums(assets)
	dir := filepath.Join(s.out, s.image.Tag)
	for _, name := range sortedKeys(assets) {
		if err := writeFile(filepath.Join(dir, name), assets[name]); err != nil {
			return err
		}
		fmt.Fprintf(out, "%9d  %s\n", len(assets[name]), name)
	}
	return nil
}

// addManifests adds what Turtles, clusterctl and kubectl fetch.
func (s settings) addManifests(assets map[string][]byte) error {
	components, err := renderComponents(s.root, s.image)
	if err != nil {
		return err
	}
	metadata, err := os.ReadFile(filepath.Join(s.root, "metadata.yaml"))
	if err != nil {
		return err
	}
	if metadata, err = withSeries(metadata, s.image.Tag); err != nil {
		return err
	}
	assets["infrastructure-components.yaml"], assets["metadata.yaml"] = components, metadata
	assets["clusterctlconfig.yaml"] = clusterctlConfig(s.image.Tag)
	images, err := imageList(s.root, components)
	if err != nil {
		return err
	}
	assets["images.txt"] = images
	return nil
}

// addTemplates adds the ClusterClasses and cluster templates by the names under which clusterctl looks for them.
func (s settings) addTemplates(assets map[string][]byte) error {
	digests, err := classDigests(s.root)
	if err != nil {
		return err
	}
	record, err := published(s.root)
	if err != nil {
		return err
	}
	if err := checkClasses(digests, record); err != nil {
		return err
	}
	for _, pattern := range []string{classesDir + "/clusterclass-*.yaml", "templates/cluster-template*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(s.root, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if assets[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// clusterctlConfig is what Turtles needs for automatic updates: without a URL that holds a version it knows of no newer one.
func clusterctlConfig(version string) []byte {
	return fmt.Appendf(nil, `# Tells Turtles that there is a release %[1]s, for CAPIProviders with enableAutomaticUpdate.
apiVersion: turtles-capi.cattle.io/v1alpha1
kind: ClusterctlConfig
metadata:
  name: clusterctl-config
  namespace: cattle-turtles-system
spec:
  providers:
  - name: harvester
    type: InfrastructureProvider
    url: https://github.com/rancher-sandbox/cluster-api-provider-harvester/releases/%[1]s/infrastructure-components.yaml
`, version)
}

// checksums in the form that `sha256sum --check` reads.
func checksums(assets map[string][]byte) []byte {
	var lines strings.Builder
	for _, name := range sortedKeys(assets) {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(assets[name]), name)
	}
	return []byte(lines.String())
}

// commitTime is what archives say that their files were changed at: the time of the commit, or that of SOURCE_DATE_EPOCH
// (https://reproducible-builds.org/specs/source-date-epoch/). Without both it is 1970.
func commitTime(ctx context.Context, root string) time.Time {
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		show := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct")
		show.Dir = root
		output, err := show.Output()
		if err != nil {
			return time.Unix(0, 0).UTC()
		}
		seconds = strings.TrimSpace(string(output))
	}
	parsed, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return time.Unix(parsed, 0).UTC()
}
