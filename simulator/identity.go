package simulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// The provider's identity on Harvester.
const (
	identityName   = rights.RoleName
	tokenPrefix    = identityName + "-token-"
	tokenPollDelay = 50 * time.Millisecond
)

// Kubeconfig returns a kubeconfig as an operator would hand to the provider: through the proxy, with the token of a
// service account that holds the rights of rights.ClusterRole and no others.
func (h *Harvester) Kubeconfig() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.kubeconfig)
}

// RotateToken gives the provider's service account a new token, takes the old ones back, and returns the new
// kubeconfig. The apiserver may accept an old token for a few seconds more.
func (h *Harvester) RotateToken(ctx context.Context) ([]byte, error) {
	former, err := h.tokens(ctx)
	if err != nil {
		return nil, fmt.Errorf("rotate token: %w", err)
	}
	if err := h.newToken(ctx, fmt.Sprintf("%s%d", tokenPrefix, time.Now().UnixNano())); err != nil {
		return nil, fmt.Errorf("rotate token: %w", err)
	}
	for i := range former {
		if err := client.IgnoreNotFound(h.direct.Delete(ctx, &former[i])); err != nil {
			return nil, fmt.Errorf("rotate token: %w", err)
		}
	}
	return h.Kubeconfig(), nil
}

// issueKubeconfig makes the service account, its binding and a token, or takes up those of a simulator that ran before.
func (h *Harvester) issueKubeconfig(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: kit.SystemNamespace, Name: identityName}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: identityName},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: identityName},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	}
	for _, object := range []client.Object{account, binding} {
		if err := h.direct.Create(ctx, object); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	known, err := h.tokens(ctx)
	if err != nil {
		return err
	}
	if len(known) > 0 {
		return h.useToken(ctx, known[0].Name)
	}
	return h.newToken(ctx, tokenPrefix+"0")
}

// tokens are the provider's token Secrets, the newest first.
func (h *Harvester) tokens(ctx context.Context) ([]corev1.Secret, error) {
	secrets := &corev1.SecretList{}
	if err := h.direct.List(ctx, secrets, client.InNamespace(kit.SystemNamespace)); err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(secrets.Items, func(secret corev1.Secret) bool {
		return secret.Type != corev1.SecretTypeServiceAccountToken || !strings.HasPrefix(secret.Name, tokenPrefix)
	})
	slices.SortFunc(list, func(a, b corev1.Secret) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	return list, nil
}

// newToken asks for a long-lived token as an operator does: by a Secret that kube-controller-manager fills in.
func (h *Harvester) newToken(ctx context.Context, name string) error {
	err := h.direct.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: kit.SystemNamespace, Name: name,
			Annotations: map[string]string{corev1.ServiceAccountNameKey: identityName},
		},
		Type: corev1.SecretTypeServiceAccountToken,
	})
	if err != nil {
		return err
	}
	return h.useToken(ctx, name)
}

// useToken waits for a token to be filled in and writes the kubeconfig that carries it.
func (h *Harvester) useToken(ctx context.Context, name string) error {
	secret := &corev1.Secret{}
	err := wait.PollUntilContextCancel(ctx, tokenPollDelay, true, func(ctx context.Context) (bool, error) {
		if err := h.direct.Get(ctx, client.ObjectKey{Namespace: kit.SystemNamespace, Name: name}, secret); err != nil {
			return false, err
		}
		return len(secret.Data[corev1.ServiceAccountTokenKey]) > 0, nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("secret %s/%s got no token: is serviceaccount-token-controller running?", kit.SystemNamespace, name), err)
	}
	kubeconfig, err := h.writeKubeconfig(string(secret.Data[corev1.ServiceAccountTokenKey]))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kubeconfig = kubeconfig
	return nil
}

func (h *Harvester) writeKubeconfig(token string) ([]byte, error) {
	const name = "harvester"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: h.proxy.URL(), CertificateAuthorityData: h.proxy.CABundle()}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = name
	return clientcmd.Write(*config)
}
