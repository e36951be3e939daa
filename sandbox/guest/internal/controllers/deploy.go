package controllers

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// HelmCRDs are the kinds by which RKE2 deploys charts.
//
//go:embed helmcrds.yaml
var HelmCRDs []byte

// Deployer applies manifests as RKE2's deploy controller does.
type Deployer struct {
	Base
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// NewDeployer returns a deployer for a cluster.
func NewDeployer(base Base, config *rest.Config) (*Deployer, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("opening a client for manifests: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("opening a client for manifests: %w", err)
	}
	return &Deployer{
		Base: base, dynamic: client,
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco)),
	}, nil
}

// Deploy applies all objects of a manifest file, retrying until each is
// accepted or ctx ends. A file that cannot be read as Kubernetes objects is
// reported and left.
func (d *Deployer) Deploy(ctx context.Context, file string, manifest []byte) {
	objects, err := splitManifest(manifest)
	if err != nil {
		d.Logf("manifest %s: %v", file, err)
		return
	}
	for _, object := range objects {
		what := fmt.Sprintf("manifest %s: %s %s", file, object.GetKind(), object.GetName())
		// An object may need the kind, or the namespace, of one further down.
		d.until(ctx, what, time.Second, func(ctx context.Context) error { return d.apply(ctx, object) })
	}
}

func (d *Deployer) apply(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		d.mapper.Reset() // its definition may have come meanwhile
		return err
	}
	if err != nil {
		return err
	}
	var resource dynamic.ResourceInterface = d.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		resource = d.dynamic.Resource(mapping.Resource).Namespace(namespace)
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "deploy", Force: true})
	return err
}

// splitManifest reads the documents of a YAML or JSON file, kinds that others
// need first.
func splitManifest(manifest []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("not a series of YAML or JSON documents")
		}
		if len(object.Object) == 0 {
			continue
		}
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return nil, errors.New("an object without apiVersion, kind or name")
		}
		objects = append(objects, object)
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objects, nil
}

func rank(object *unstructured.Unstructured) int {
	switch object.GetKind() {
	case "CustomResourceDefinition", "Namespace":
		return 0
	default:
		return 1
	}
}
