package harvestercluster

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// configureCloudProvider gives the guest's cloud provider and storage driver an account of their own on Harvester, and
// writes its kubeconfig into the manifest that a ClusterResourceSet brings to the guest. Machines do not wait for it.
func (r *Reconciler) configureCloudProvider(ctx context.Context, s *scope) phase.Outcome {
	target := s.infra.Spec.UpdateCloudProviderConfig
	if target == nil {
		return phase.Done(infrav1.CloudProviderConfigNotRequestedReason, "")
	}
	manifest, outcome := r.cloudProviderManifest(ctx, s, target)
	if manifest == nil {
		return outcome
	}
	if err := r.refuseSharedManifest(ctx, s); err != nil {
		return phase.Fail(err, infrav1.CloudProviderConfigFailedReason)
	}
	if r.verified.recently(s, manifest, r.Clock.Now()) {
		return phase.Done(infrav1.CloudProviderConfigWrittenReason, "")
	}
	kubeconfig, pending, err := r.cloudProviderKubeconfig(ctx, s)
	switch {
	case err != nil:
		return phase.Fail(err, infrav1.CloudProviderConfigFailedReason)
	case pending != nil:
		recheck := r.wake.When(ctx, s.harvester, pending, harvesterclient.UntilChanged, s.request(), tokenRecheck)
		return phase.Until(recheck, infrav1.CloudProviderConfigPendingReason, "Harvester has not issued the cloud provider's token yet")
	}
	err = r.writeManifest(ctx, s, manifest, target, kubeconfig)
	switch {
	case apierrors.IsConflict(err):
		return phase.Again()
	case err != nil:
		return phase.Fail(err, infrav1.CloudProviderConfigFailedReason)
	}
	r.verified.remember(s, manifest, r.Clock.Now())
	return phase.Done(infrav1.CloudProviderConfigWrittenReason, "")
}

// refuseSharedManifest is phase.ErrForeign if another cluster writes its credentials into the same place: both would write it
// in turn for ever, and one cluster's guests would act with the other's account.
func (r *Reconciler) refuseSharedManifest(ctx context.Context, s *scope) error {
	all := &infrav1.HarvesterClusterList{}
	if err := r.Client.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		return fmt.Errorf("list the HarvesterClusters: %w", err)
	}
	owner := manifestOwner(s.infra, all.Items)
	if owner == client.ObjectKeyFromObject(s.infra) {
		return nil
	}
	return fmt.Errorf("%w: ConfigMap %s, key %s already gets the credentials of HarvesterCluster %s; name a manifest of this cluster's own",
		phase.ErrForeign, manifestKey(s.infra), s.infra.Spec.UpdateCloudProviderConfig.ManifestsConfigMapKey, owner)
}

// manifestOwner is the cluster, of those that name the same manifest, that was there first.
func manifestOwner(infra *infrav1.HarvesterCluster, all []infrav1.HarvesterCluster) client.ObjectKey {
	first := infra
	for i := range all {
		other := &all[i]
		if other.Spec.UpdateCloudProviderConfig == nil || *other.Spec.UpdateCloudProviderConfig != *infra.Spec.UpdateCloudProviderConfig {
			continue
		}
		if cmp.Or(other.CreationTimestamp.Compare(first.CreationTimestamp.Time),
			cmp.Compare(other.Namespace, first.Namespace), cmp.Compare(other.Name, first.Name)) < 0 {
			first = other
		}
	}
	return client.ObjectKeyFromObject(first)
}

// cloudProviderManifest reads the ConfigMap with the manifest. Without one it returns what to say of it; the ConfigMap is
// watched, so its coming is an event.
func (r *Reconciler) cloudProviderManifest(ctx context.Context, s *scope, target *infrav1.UpdateCloudProviderConfig) (*corev1.ConfigMap, phase.Outcome) {
	manifest, key := &corev1.ConfigMap{}, manifestKey(s.infra)
	err := r.Client.Get(ctx, key, manifest)
	switch {
	case apierrors.IsNotFound(err):
		return nil, phase.Wait(infrav1.CloudProviderConfigTargetNotFoundReason, fmt.Sprintf("ConfigMap %s does not exist", key))
	case err != nil:
		return nil, phase.Fail(fmt.Errorf("read ConfigMap %s: %w", key, err), infrav1.CloudProviderConfigFailedReason)
	case !identity.Allows(manifest, s.infra.Namespace):
		return nil, phase.Wait(infrav1.CloudProviderConfigNotAllowedReason,
			fmt.Sprintf("ConfigMap %s may not be used from namespace %s; let its owner add the namespace to its annotation %s",
				key, s.infra.Namespace, infrav1.AllowedNamespacesAnnotation))
	}
	if _, err := withCredentials(manifest.Data[target.ManifestsConfigMapKey], target, nil); err != nil {
		return nil, phase.Wait(infrav1.CloudProviderConfigTargetNotFoundReason,
			fmt.Sprintf("ConfigMap %s, key %s: %v", key, target.ManifestsConfigMapKey, err))
	}
	return manifest, phase.Outcome{}
}

func manifestKey(infra *infrav1.HarvesterCluster) client.ObjectKey {
	target := infra.Spec.UpdateCloudProviderConfig
	return client.ObjectKey{Namespace: target.ManifestsConfigMapNamespace, Name: target.ManifestsConfigMapName}
}

// writeManifest stores the credentials if they are not there yet. It writes against the version it read, as others write
// into other keys.
func (r *Reconciler) writeManifest(ctx context.Context, s *scope, manifest *corev1.ConfigMap, target *infrav1.UpdateCloudProviderConfig, kubeconfig []byte) error {
	wanted, err := withCredentials(manifest.Data[target.ManifestsConfigMapKey], target, kubeconfig)
	if err != nil || wanted == manifest.Data[target.ManifestsConfigMapKey] {
		return err
	}
	base := client.MergeFromWithOptions(manifest.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if manifest.Data == nil {
		manifest.Data = map[string]string{}
	}
	manifest.Data[target.ManifestsConfigMapKey] = wanted
	key := client.ObjectKeyFromObject(manifest)
	if err := r.Client.Patch(ctx, manifest, base); err != nil {
		return fmt.Errorf("write the credentials into ConfigMap %s: %w", key, err)
	}
	r.event(ctx, s, infrav1.CloudProviderConfigWrittenReason, "Configure", "Wrote the cloud provider's credentials into ConfigMap %s", key)
	return nil
}
