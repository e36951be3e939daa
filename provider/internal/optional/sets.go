package optional

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:generate cp ../../../config/prometheus/servicemonitor.yaml ../../../config/prometheus/prometheusrule.yaml .
//go:generate cp ../../../templates/clusterclass/clusterclass-harvester-rke2.yaml .

var (
	//go:embed servicemonitor.yaml
	serviceMonitor []byte
	//go:embed prometheusrule.yaml
	prometheusRule []byte
	//go:embed clusterclass-harvester-rke2.yaml
	clusterClass []byte
)

// Set is what is created together, once the cluster serves all kinds in it.
type Set struct {
	// Name is what logs call it; it is unique.
	Name string
	// Objects in the order of their creation. Their namespace is set when they are created.
	Objects []*unstructured.Unstructured
	// Owned objects belong to the manager's Deployment and go with it. Others stay when the provider is removed.
	Owned bool
}

// ServiceMonitor makes the Prometheus operator scrape the manager. It goes with the manager's Deployment.
func ServiceMonitor() (Set, error) {
	objects, err := parse(serviceMonitor)
	return Set{Name: "ServiceMonitor", Objects: objects, Owned: true}, err
}

// PrometheusRule holds the alerts. It goes with the manager's Deployment.
func PrometheusRule() (Set, error) {
	objects, err := parse(prometheusRule)
	return Set{Name: "PrometheusRule", Objects: objects, Owned: true}, err
}

// ClusterClass is the class harvester-rke2, behind the templates it refers to. It stays when the provider is removed:
// clusters may use it.
func ClusterClass() (Set, error) {
	objects, err := parse(clusterClass)
	if err != nil {
		return Set{}, err
	}
	set := Set{Name: "ClusterClass"}
	var classes []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "ClusterClass" {
			classes = append(classes, object)
			continue
		}
		set.Objects = append(set.Objects, object)
	}
	set.Objects = append(set.Objects, classes...)
	return set, nil
}

// kinds of a set, each once, in the order of the objects.
func (s Set) kinds() []schema.GroupVersionKind {
	var kinds []schema.GroupVersionKind
	seen := map[schema.GroupVersionKind]bool{}
	for _, object := range s.Objects {
		kind := object.GroupVersionKind()
		if !seen[kind] {
			seen[kind] = true
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// definition is the name of the CRD of a kind.
func definition(kind schema.GroupVersionKind) string {
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	return plural.Resource + "." + kind.Group
}

func parse(stream []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the manifests that the manager carries: %w", err)
		}
		objects = append(objects, object)
	}
}
