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
//go:generate cp ../../../templates/clusterclass/rke2-v0.21/clusterclass-harvester-rke2.yaml clusterclass-rke2-v0.21.yaml

var (
	//go:embed servicemonitor.yaml
	serviceMonitor []byte
	//go:embed prometheusrule.yaml
	prometheusRule []byte
	//go:embed clusterclass-harvester-rke2.yaml
	clusterClass []byte
	//go:embed clusterclass-rke2-v0.21.yaml
	olderClusterClass []byte
)

// Set is what is created together, once the cluster serves all kinds in it.
type Set struct {
	// Name is what logs call it; it is unique.
	Name string
	// Objects in the order of their creation. Their namespace is set when they are created.
	Objects []*unstructured.Unstructured
	// Older are the same objects for a cluster that does not serve the versions of Objects; empty for none.
	Older []*unstructured.Unstructured
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
// clusters may use it. RKE2's providers v0.21 serve an older version of their templates only; where both are served Cluster
// API goes by the newer one.
func ClusterClass() (Set, error) {
	objects, err := classLast(clusterClass)
	if err != nil {
		return Set{}, err
	}
	older, err := classLast(olderClusterClass)
	return Set{Name: "ClusterClass", Objects: objects, Older: older}, err
}

// classLast parses manifests and puts the ClusterClass behind its templates.
func classLast(stream []byte) ([]*unstructured.Unstructured, error) {
	objects, err := parse(stream)
	if err != nil {
		return nil, err
	}
	var templates, classes []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "ClusterClass" {
			classes = append(classes, object)
			continue
		}
		templates = append(templates, object)
	}
	return append(templates, classes...), nil
}

// forms are the objects of a set in each of their versions, the newest first.
func (s Set) forms() [][]*unstructured.Unstructured {
	if len(s.Older) == 0 {
		return [][]*unstructured.Unstructured{s.Objects}
	}
	return [][]*unstructured.Unstructured{s.Objects, s.Older}
}

// kinds of a set, each once, in the order of the objects.
func (s Set) kinds() []schema.GroupVersionKind { return kindsOf(s.Objects) }

func kindsOf(objects []*unstructured.Unstructured) []schema.GroupVersionKind {
	var kinds []schema.GroupVersionKind
	seen := map[schema.GroupVersionKind]bool{}
	for _, object := range objects {
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
