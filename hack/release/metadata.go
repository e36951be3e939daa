package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
	"sigs.k8s.io/yaml"
)

// series is one minor version of the provider, and the contract of Cluster API that it follows.
type series struct {
	Major    int    `json:"major"`
	Minor    int    `json:"minor"`
	Contract string `json:"contract"`
}

// withSeries adds the series of a version to metadata.yaml if it is not listed, with the contract of the last one listed,
// which is the tree's. clusterctl refuses a release whose series its metadata lacks. What is no version is left alone: an
// image may be tagged with anything while it is developed.
func withSeries(metadata []byte, version string) ([]byte, error) {
	if !semver.IsValid(version) {
		return metadata, nil
	}
	var listed struct {
		ReleaseSeries []series `json:"releaseSeries"`
	}
	if err := yaml.Unmarshal(metadata, &listed); err != nil {
		return nil, fmt.Errorf("metadata.yaml: %w", err)
	}
	if len(listed.ReleaseSeries) == 0 {
		return nil, errors.New("metadata.yaml: releaseSeries is empty: list the series of this tree with its contract")
	}
	wanted := series{Contract: listed.ReleaseSeries[len(listed.ReleaseSeries)-1].Contract}
	if _, err := fmt.Sscanf(semver.MajorMinor(version), "v%d.%d", &wanted.Major, &wanted.Minor); err != nil {
		return nil, fmt.Errorf("--version %q: %w", version, err)
	}
	for _, known := range listed.ReleaseSeries {
		if known.Major == wanted.Major && known.Minor == wanted.Minor {
			return metadata, nil
		}
	}
	added := fmt.Sprintf("- major: %d\n  minor: %d\n  contract: %s\n", wanted.Major, wanted.Minor, wanted.Contract)
	return []byte(strings.TrimRight(string(metadata), "\n") + "\n" + added), nil
}
