package management

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func readFile(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w; `caphv-sandbox build` makes them", err)
	}
	return content, nil
}

// Parse reads a stream of YAML or JSON documents as objects.
func Parse(stream []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading manifest %d: %w", len(objects)+1, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// installedGroups are the API groups whose objects are installed. The others in
// an install manifest need something a sandbox has not: Deployments need nodes,
// Certificates cert-manager, ServiceMonitors Prometheus, ClusterClasses a
// namespace of the user's.
var installedGroups = map[string]bool{
	"":                             true,
	"rbac.authorization.k8s.io":    true,
	"admissionregistration.k8s.io": true,
	"apiextensions.k8s.io":         true,
}

// Split sorts the objects of an install manifest into CRDs, which come first,
// and the rest of what is installed. What needs a real cluster is left out.
func Split(objects []*unstructured.Unstructured) (crds, rest []*unstructured.Unstructured) {
	for _, object := range objects {
		switch {
		case object.GetKind() == "CustomResourceDefinition":
			crds = append(crds, object)
		case installedGroups[object.GroupVersionKind().Group]:
			rest = append(rest, object)
		}
	}
	return crds, rest
}

// Redirect makes every webhook and conversion configuration among the objects
// call https://127.0.0.1:port, with the path it names, and trust the CA, which
// is PEM. The objects are changed in place.
func Redirect(objects []*unstructured.Unstructured, port int, ca []byte) error {
	for _, object := range objects {
		var err error
		switch object.GetKind() {
		case "CustomResourceDefinition":
			err = redirectConversion(object, port, ca)
		case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
			err = redirectWebhooks(object, port, ca)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

func redirectConversion(crd *unstructured.Unstructured, port int, ca []byte) error {
	fields := []string{"spec", "conversion", "webhook", "clientConfig"}
	config, found, err := unstructured.NestedMap(crd.Object, fields...)
	if err != nil || !found {
		return err
	}
	local, err := localConfig(config, port, ca)
	if err != nil {
		return err
	}
	return unstructured.SetNestedMap(crd.Object, local, fields...)
}

func redirectWebhooks(configuration *unstructured.Unstructured, port int, ca []byte) error {
	webhooks, _, err := unstructured.NestedSlice(configuration.Object, "webhooks")
	if err != nil {
		return err
	}
	for _, entry := range webhooks {
		webhook, ok := entry.(map[string]any)
		if !ok {
			return fmt.Errorf("a webhook is %T, not an object", entry)
		}
		config, _, err := unstructured.NestedMap(webhook, "clientConfig")
		if err != nil {
			return err
		}
		if webhook["clientConfig"], err = localConfig(config, port, ca); err != nil {
			return err
		}
	}
	return unstructured.SetNestedSlice(configuration.Object, webhooks, "webhooks")
}

// localConfig replaces a client config's Service by a loopback URL.
func localConfig(config map[string]any, port int, ca []byte) (map[string]any, error) {
	path, found, err := unstructured.NestedString(config, "service", "path")
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errors.New("the client config names no Service path to redirect")
	}
	return map[string]any{
		"url":      fmt.Sprintf("https://127.0.0.1:%d%s", port, path),
		"caBundle": base64.StdEncoding.EncodeToString(ca),
	}, nil
}
