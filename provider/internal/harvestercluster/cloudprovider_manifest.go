package harvestercluster

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// guestSystem is where the cloud provider and the storage driver run in the guest, and look for their credentials.
const guestSystem = "kube-system"

// separator stands between the documents of a manifest.
var separator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?\n`)

// withCredentials returns the manifest with the kubeconfig in its Secret. An empty manifest gets a Secret; of any other
// only the document with the Secret changes, and it must be there. Nil credentials check the manifest and change nothing.
// Errors quote nothing of the manifest, which may hold credentials.
func withCredentials(manifest string, target *infrav1.UpdateCloudProviderConfig, kubeconfig []byte) (string, error) {
	if strings.TrimSpace(manifest) == "" {
		return credentialsSecret(target, kubeconfig)
	}
	places := append(separator.FindAllStringIndex(manifest, -1), []int{len(manifest), len(manifest)})
	begin := 0
	for _, place := range places {
		document := manifest[begin:place[0]]
		changed, found, err := intoSecret(document, target, kubeconfig)
		if err != nil {
			return "", err
		}
		if found {
			return manifest[:begin] + changed + manifest[place[0]:], nil
		}
		begin = place[1]
	}
	return "", fmt.Errorf("the manifest holds no Secret %q", target.CloudConfigCredentialsSecretName)
}

// intoSecret puts the kubeconfig into a document if that is the Secret. One that holds it already stays as it is, byte by
// byte.
func intoSecret(document string, target *infrav1.UpdateCloudProviderConfig, kubeconfig []byte) (changed string, found bool, err error) {
	content := map[string]any{}
	if err := yaml.Unmarshal([]byte(document), &content); err != nil {
		return "", false, errors.New("the manifest is not YAML")
	}
	metadata, _ := content["metadata"].(map[string]any)
	if content["kind"] != "Secret" || metadata["name"] != target.CloudConfigCredentialsSecretName {
		return "", false, nil
	}
	data, _ := content["data"].(map[string]any)
	plain, _ := content["stringData"].(map[string]any)
	_, covered := plain[target.CloudConfigCredentialsSecretKey]
	encoded := base64.StdEncoding.EncodeToString(kubeconfig)
	if kubeconfig == nil || (!covered && data[target.CloudConfigCredentialsSecretKey] == encoded) {
		return document, true, nil
	}
	if data == nil {
		data = map[string]any{}
	}
	data[target.CloudConfigCredentialsSecretKey] = encoded
	content["data"] = data
	if delete(plain, target.CloudConfigCredentialsSecretKey); len(plain) == 0 {
		delete(content, "stringData")
	}
	written, err := yaml.Marshal(content)
	if err != nil {
		return "", false, errors.New("the manifest cannot be written")
	}
	return string(written), true, nil
}

func credentialsSecret(target *infrav1.UpdateCloudProviderConfig, kubeconfig []byte) (string, error) {
	if kubeconfig == nil {
		return "", nil
	}
	written, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": string(corev1.SecretTypeOpaque),
		"metadata": map[string]any{"name": target.CloudConfigCredentialsSecretName, "namespace": guestSystem},
		"data":     map[string]any{target.CloudConfigCredentialsSecretKey: base64.StdEncoding.EncodeToString(kubeconfig)},
	})
	if err != nil {
		return "", errors.New("the manifest cannot be written")
	}
	return string(written), nil
}

// guestKubeconfig is what Harvester's cloud provider and storage driver read: all names are "default", and the context's
// namespace is where they look for VMs (as Harvester's own generator writes it, pkg/api/kubeconfig of v1.8.0).
func guestKubeconfig(server, namespace, token string, authority []byte) ([]byte, error) {
	const name = "default"
	written, err := yaml.Marshal(clientcmdapi.Config{
		Kind: "Config", APIVersion: "v1", CurrentContext: name,
		Clusters:  []clientcmdapi.NamedCluster{{Name: name, Cluster: clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}}},
		AuthInfos: []clientcmdapi.NamedAuthInfo{{Name: name, AuthInfo: clientcmdapi.AuthInfo{Token: token}}},
		Contexts:  []clientcmdapi.NamedContext{{Name: name, Context: clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}}},
	})
	if err != nil {
		return nil, errors.New("the kubeconfig for the guest cannot be written")
	}
	return bytes.TrimSpace(written), nil
}

// tokenOf takes the account's token and Harvester's authority out of the Secret; nothing while Harvester has not filled it.
func tokenOf(secret *corev1.Secret) (token string, authority []byte, issued bool) {
	token, authority = string(secret.Data[corev1.ServiceAccountTokenKey]), secret.Data[corev1.ServiceAccountRootCAKey]
	return token, authority, token != "" && len(authority) > 0
}

// tokenSecret asks Harvester for a token that does not expire, for an account.
func tokenSecret(meta metav1.ObjectMeta, account string) *corev1.Secret {
	meta.Annotations = map[string]string{corev1.ServiceAccountNameKey: account}
	return &corev1.Secret{ObjectMeta: meta, Type: corev1.SecretTypeServiceAccountToken}
}
