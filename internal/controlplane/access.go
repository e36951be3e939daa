package controlplane

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
)

type readiness = func(context.Context) error

// tokenLifetime is longer than any run of a sandbox.
const tokenLifetime = 7 * 24 * 3600 // seconds

// Kubeconfig writes a rest.Config of this control plane as a kubeconfig file's
// content. It carries inline certificates and tokens: treat it as a secret.
func (c *ControlPlane) Kubeconfig(config *rest.Config) ([]byte, error) {
	return Kubeconfig(c.options.Name, config)
}

// Kubeconfig writes a rest.Config as a kubeconfig with one context, whose
// cluster, user and context bear the given name. Only inline credentials and
// tokens are kept.
func Kubeconfig(name string, config *rest.Config) ([]byte, error) {
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{
		Server: config.Host + config.APIPath, CertificateAuthorityData: config.CAData, TLSServerName: config.ServerName,
	}
	file.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken,
	}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	file.CurrentContext = name
	content, err := clientcmd.Write(*file)
	if err != nil {
		return nil, fmt.Errorf("writing the kubeconfig of %s: %w", name, err)
	}
	return content, nil
}

// ServiceAccountConfig reaches the API server as a service account that exists,
// with exactly the rights RBAC gives it. Its token is good for a week.
func (c *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return nil, fmt.Errorf("a client for %s: %w", c.options.Name, err)
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](tokenLifetime)},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("a token of service account %s/%s in %s: %w", namespace, name, c.options.Name, err)
	}
	config := rest.AnonymousClientConfig(c.admin)
	config.BearerToken = token.Status.Token
	return config, nil
}
