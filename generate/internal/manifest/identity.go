package manifest

import (
	"encoding/base64"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// namespace carries no label: it may have been there before, and hold other clusters too.
func namespace(s settings.Settings) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata":   map[string]any{"name": s.Namespace},
	}}
}

// identity is moved along when clusterctl moves the cluster to another management cluster.
func identity(s settings.Settings, kubeconfig []byte) *unstructured.Unstructured {
	secret := object("v1", "Secret", IdentitySecretName(s.Name), s)
	label(secret, moveLabel, "")
	secret["type"] = "Opaque"
	return with(secret, "data", map[string]any{IdentitySecretKey: base64.StdEncoding.EncodeToString(kubeconfig)})
}
