package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// imageLine finds the images that manifests name.
var imageLine = regexp.MustCompile(`(?m)^\s*(?:- )?image: ["']?([^\s"']+)`)

// imageList lists the images that a management cluster without a way out has to have: those of the components, and those
// that the chart can be told to use besides.
func imageList(root string, components []byte) ([]byte, error) {
	var images []string
	for _, match := range imageLine.FindAllSubmatch(components, -1) {
		images = append(images, string(match[1]))
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("the components name no image")
	}
	proxy, err := chartProxy(root)
	if err != nil {
		return nil, err
	}
	images = append(images, proxy)
	slices.Sort(images)
	return []byte(strings.Join(slices.Compact(images), "\n") + "\n"), nil
}

// chartProxy is the image of the sidecar layout.
func chartProxy(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "charts/caphv/values.yaml"))
	if err != nil {
		return "", err
	}
	var values struct {
		Metrics struct {
			Sidecar struct {
				Image struct{ Registry, Repository, Tag, Digest string }
			}
		}
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return "", err
	}
	proxy := values.Metrics.Sidecar.Image
	name := proxy.Registry + "/" + proxy.Repository + ":" + proxy.Tag
	if proxy.Digest != "" {
		name += "@" + proxy.Digest
	}
	return name, nil
}
