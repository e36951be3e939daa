package main

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// plugin is the command that is also a plugin of kubectl. Krew links it as kubectl-caphv_doctor, which kubectl runs as
// "kubectl caphv-doctor".
const plugin = "caphv-doctor"

const downloads = "https://github.com/rancher-sandbox/cluster-api-provider-harvester/releases/download/"

// krewFile, krewPlugin and the types in it are the parts of krew's manifest that are used
// (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/).
type krewPlugin struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   krewName `json:"metadata"`
	Spec       krewSpec `json:"spec"`
}

type krewName struct {
	Name string `json:"name"`
}

type krewSpec struct {
	Version          string         `json:"version"`
	Homepage         string         `json:"homepage"`
	ShortDescription string         `json:"shortDescription"`
	Description      string         `json:"description"`
	Platforms        []krewPlatform `json:"platforms"`
}

type krewPlatform struct {
	Selector krewSelector `json:"selector"`
	URI      string       `json:"uri"`
	SHA256   string       `json:"sha256"`
	Bin      string       `json:"bin"`
	Files    []krewFile   `json:"files"`
}

type krewSelector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type krewFile struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// krewManifest describes the plugin's archives among the assets, so that kubectl krew install can fetch and verify them.
func krewManifest(version string, assets map[string][]byte) ([]byte, error) {
	manifest := krewPlugin{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin", Metadata: krewName{plugin},
		Spec: krewSpec{
			Version: version, Homepage: "https://github.com/rancher-sandbox/cluster-api-provider-harvester/blob/main/docs/doctor.md",
			ShortDescription: "Say why a cluster on Harvester is not ready",
			Description: "Reads the management cluster and, as far as your rights reach, Harvester and the workload cluster. Names the first thing that blocks, " +
				"since when, what to do, and the runbook. Changes nothing and prints no credentials.\n",
		},
	}
	for _, platform := range platforms {
		name := archiveName(plugin, version, platform)
		content, found := assets[name]
		if !found {
			return nil, fmt.Errorf("the krew manifest needs %s, which is not among the assets", name)
		}
		system, architecture, _ := strings.Cut(platform, "/")
		bin := executable(plugin, platform)
		manifest.Spec.Platforms = append(manifest.Spec.Platforms, krewPlatform{
			Selector: krewSelector{map[string]string{"os": system, "arch": architecture}},
			URI:      downloads + version + "/" + name, SHA256: fmt.Sprintf("%x", sha256.Sum256(content)), Bin: bin,
			Files: []krewFile{{From: bin, To: "."}, {From: "LICENSE", To: "."}},
		})
	}
	return yaml.Marshal(manifest)
}

// archiveName is the asset that holds a command for a platform.
func archiveName(command, version, platform string) string {
	return fmt.Sprintf("%s_%s_%s.tar.gz", command, version, strings.ReplaceAll(platform, "/", "_"))
}

// executable is the command's file in the archive.
func executable(command, platform string) string {
	if strings.HasPrefix(platform, "windows/") {
		return command + ".exe"
	}
	return command
}
