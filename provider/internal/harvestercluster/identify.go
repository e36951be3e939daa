package harvestercluster

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// identifyNew gives a HarvesterCluster for which nothing was made yet what its id on Harvester is derived from: its UID. It
// is stored with the finalizer.
func identifyNew(infra *infrav1.HarvesterCluster) {
	if infra.Annotations[infrav1.ClusterSeedAnnotation] == "" && !mayHaveThings(infra) {
		annotate(infra, infrav1.ClusterSeedAnnotation, string(infra.UID))
	}
}

// mayHaveThings tells whether something may have been made on Harvester for a HarvesterCluster: it was worked on, by this
// release or an earlier one, or comes from the backup of one that was. Pure.
func mayHaveThings(infra *infrav1.HarvesterCluster) bool {
	return hasFinalizer(infra) || infra.Annotations[endpointFromAnnotation] != "" ||
		infra.Status.Ready || infra.Status.Initialization.IsProvisioned() ||
		conditions.IsTrue(infra, infrav1.HarvesterConnectionReadyCondition) || conditions.IsTrue(infra, infrav1.TargetNamespaceReadyCondition)
}

// identify finds out whose things on Harvester are this cluster's, where its annotations do not say so: it was made by an
// earlier release, or its annotations were lost. Its things have either the id that comes of its UID, or no id. The answer
// is the same each time, until it is stored.
func identify(ctx context.Context, s *scope) error {
	if s.infra.Annotations[infrav1.ClusterSeedAnnotation] != "" {
		return nil
	}
	fresh := s.identity().WithSeed(string(s.infra.UID))
	found, err := hasThings(ctx, s, fresh)
	if err != nil {
		return err
	}
	if found || !mayHaveThings(s.infra) {
		annotate(s.infra, infrav1.ClusterSeedAnnotation, string(s.infra.UID))
		return nil
	}
	host := s.infra.Spec.ControlPlaneEndpoint.Host
	annotate(s.infra, infrav1.ClusterSeedAnnotation, names.AdoptedSeed(s.infra.Namespace, s.clusterName(), s.targetNamespace(), host))
	annotate(s.infra, infrav1.AdoptedAnnotation, infrav1.AdoptedOldSelector)
	return nil
}

// hasThings tells whether anything on Harvester has a name with the cluster's id, and its labels.
func hasThings(ctx context.Context, s *scope, cluster names.Cluster) (bool, error) {
	for _, thing := range []struct {
		key    client.ObjectKey
		object client.Object
	}{
		{client.ObjectKey{Namespace: s.targetNamespace(), Name: cluster.LoadBalancer()}, &lbv1.LoadBalancer{}},
		{client.ObjectKey{Name: cluster.VMPool()}, &lbv1.IPPool{}},
		{client.ObjectKey{Name: cluster.LoadBalancerPool()}, &lbv1.IPPool{}},
		{client.ObjectKey{Namespace: s.targetNamespace(), Name: cluster.CloudProvider()}, &corev1.ServiceAccount{}},
	} {
		err := s.harvester.Client().Get(ctx, thing.key, thing.object)
		switch {
		case apierrors.IsNotFound(err) || apierrors.IsForbidden(err): // Who may not look at a kind has made none of it.
		case err != nil:
			return false, fmt.Errorf("look for what was made for the cluster: %w", err)
		case cluster.Owns(thing.object.GetLabels()):
			return true, nil
		}
	}
	return false, nil
}

func annotate(infra *infrav1.HarvesterCluster, key, value string) {
	infra.Annotations = names.Merged(infra.Annotations, map[string]string{key: value})
}

// unlabeled lists the instances that an old load balancer selects and that the cluster's new selector would miss: its own,
// and those of v0.2.x, which do not say whose they are. Instances that are going, and those of other clusters of the same
// name, do not count. While there is any, the selector stays. Pure.
func unlabeled(instances []client.Object, cluster names.Cluster) []string {
	old := names.ControlPlaneMachineType(cluster.Name)
	var missed []string
	for _, instance := range instances {
		labels := instance.GetLabels()
		_, claimed := labels[infrav1.ManagedByLabel]
		switch {
		case labels[infrav1.MachineTypeLabel] != old || !instance.GetDeletionTimestamp().IsZero():
		case labels[infrav1.ControlPlaneOfLabel] == cluster.ID:
		case !claimed || cluster.Owns(labels):
			missed = append(missed, instance.GetName())
		}
	}
	slices.Sort(missed)
	return missed
}
