package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// EnsureServingSecret publishes the supervisor's serving certificate in the
// cluster, which tells the RKE2 provider that the control plane is
// initialised. Only the first server's is kept. It retries until it is there or
// ctx ends.
func (b Base) EnsureServingSecret(ctx context.Context, client kubernetes.Interface, certificate, key []byte) {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: rke2.ServingSecret, Namespace: metav1.NamespaceSystem},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key},
	}
	// The namespace is made by the API server just after its start.
	b.until(ctx, "secret "+rke2.ServingSecret, 100*time.Millisecond, func(ctx context.Context) error {
		_, err := client.CoreV1().Secrets(metav1.NamespaceSystem).Create(ctx, secret, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}
