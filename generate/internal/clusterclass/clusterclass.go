// Package clusterclass carries the ClusterClass that ships, so that caphv-generate can write it for a namespace. The file
// beside this one is a copy of the one below templates/clusterclass, which is where it is edited; go generate renews it.
package clusterclass

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:generate cp ../../../templates/clusterclass/clusterclass-harvester-rke2.yaml .
//go:generate sh -c "sed -E 's#(controlplane|bootstrap)[.]cluster[.]x-k8s[.]io/v1beta2#\\1.cluster.x-k8s.io/v1beta1#; 3,5d' clusterclass-harvester-rke2.yaml >../../../templates/clusterclass/rke2-v0.21/clusterclass-harvester-rke2.yaml"

//go:embed clusterclass-harvester-rke2.yaml
var manifest []byte

// Objects returns the ClusterClass and the templates it refers to, for a namespace, in the versions asked for. The
// templates come first: the class is of no use without them.
func Objects(namespace string, versions Versions) ([]*unstructured.Unstructured, error) {
	return read(manifest, namespace, versions)
}

func read(manifest []byte, namespace string, versions Versions) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	var classes, templates []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return append(templates, classes...), nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the ClusterClass: %w", err)
		}
		object.SetNamespace(namespace)
		versions.convert(object)
		if object.GetKind() == "ClusterClass" {
			classes = append(classes, object)
			continue
		}
		templates = append(templates, object)
	}
}
