package identity

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// secretMetadata is an empty Secret of which only the metadata is read and written.
func secretMetadata() *metav1.PartialObjectMetadata {
	secret := &metav1.PartialObjectMetadata{}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return secret
}

// Hold makes sure that an identity Secret stays until its last user is gone: without it nothing could be deleted on
// Harvester, as when the namespace of both is deleted. SecretReconciler lets it go. A Secret that is being deleted already,
// and is not held, is phase.ErrIdentitySecretNotFound. At rest it makes no request.
func (r *Resolver) Hold(ctx context.Context, writer client.Writer, key client.ObjectKey) error {
	secret := secretMetadata()
	if err := r.metadata.Get(ctx, key, secret); err != nil {
		return secretError(key, err)
	}
	if controllerutil.ContainsFinalizer(secret, infrav1.IdentityInUseFinalizer) {
		return nil
	}
	if !secret.DeletionTimestamp.IsZero() {
		return fmt.Errorf("%w: Secret %s is being deleted; name another one, or create it again once it is gone",
			phase.ErrIdentitySecretNotFound, key)
	}
	base := write.IfUnchanged(secret)
	controllerutil.AddFinalizer(secret, infrav1.IdentityInUseFinalizer)
	return phase.Wrap(writer.Patch(ctx, secret, base), "hold identity Secret %s", key)
}

// user is a kind that names an identity Secret.
type user struct {
	namespace string
	secret    client.ObjectKey
}

// held tells whether a Secret must stay: whether any of the users names it and may use it. Pure.
func held(secret metav1.Object, users []user) bool {
	key := client.ObjectKey{Namespace: secret.GetNamespace(), Name: secret.GetName()}
	for _, u := range users {
		if u.secret == key && Allows(secret, u.namespace) {
			return true
		}
	}
	return false
}

// users are all that name an identity Secret.
func users(ctx context.Context, reader client.Reader) ([]user, error) {
	clusters, pools := &infrav1.HarvesterClusterList{}, &infrav1.HarvesterIPPoolList{}
	if err := reader.List(ctx, clusters, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		return nil, fmt.Errorf("list the HarvesterClusters: %w", err)
	}
	if err := reader.List(ctx, pools, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the HarvesterIPPools: %w", err)
	}
	var result []user
	for i := range clusters.Items {
		result = append(result, user{namespace: clusters.Items[i].Namespace, secret: Key(&clusters.Items[i])})
	}
	for i := range pools.Items {
		result = append(result, user{namespace: pools.Items[i].Namespace, secret: PoolKey(&pools.Items[i])})
	}
	return result, nil
}
