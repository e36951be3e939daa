package harvestercluster

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// wantedLoadBalancer is the load balancer as it is to be. It says what Harvester would otherwise guess: an empty
// workload type is taken for a guest's Service, and an empty ipam leaks the address on deletion. Its listeners are those
// that planPorts found.
func wantedLoadBalancer(s *scope) *lbv1.LoadBalancer {
	config := s.infra.Spec.LoadBalancerConfig
	return &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.targetNamespace(), Name: s.identity().LoadBalancer(), Labels: s.labels(),
		},
		Spec: lbv1.LoadBalancerSpec{
			Description:           config.Description,
			WorkloadType:          lbv1.VM,
			IPAM:                  lbv1.IPAM(config.IPAMType),
			IPPool:                loadBalancerPool(s),
			Listeners:             s.ports.listeners,
			BackendServerSelector: s.identity().Backends(),
		},
	}
}

// findLoadBalancer looks for the cluster's load balancer. One of that name that is not the cluster's is
// phase.ErrForeign.
func findLoadBalancer(ctx context.Context, s *scope) (*lbv1.LoadBalancer, bool, error) {
	wanted := wantedLoadBalancer(s)
	found := &lbv1.LoadBalancer{}
	err := cachedElseLive(ctx, s, client.ObjectKeyFromObject(wanted), found)
	switch {
	case apierrors.IsNotFound(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read load balancer %s: %w", client.ObjectKeyFromObject(wanted), err)
	case !ours(s, found):
		return nil, false, phase.Because(infrav1.LoadBalancerNotOwnedReason,
			fmt.Errorf("%w: load balancer %s exists and is not this cluster's; delete it or set spec.controlPlaneEndpoint",
				phase.ErrForeign, client.ObjectKeyFromObject(found)))
	}
	return found, true, nil
}

// ours tells whether a load balancer of our name is the cluster's: by its labels, or, as v0.2.x wrote none, by its
// selecting this cluster's control plane while no one else claims it.
func ours(s *scope, found *lbv1.LoadBalancer) bool {
	if s.owns(found.Labels) {
		return true
	}
	_, claimed := found.Labels[infrav1.ManagedByLabel]
	return !claimed && s.identity().Adopted &&
		maps.EqualFunc(found.Spec.BackendServerSelector, names.OldBackends(s.clusterName()), slices.Equal)
}

// ensureLoadBalancer creates the load balancer, or brings what may change of it in line.
func (r *Reconciler) ensureLoadBalancer(ctx context.Context, s *scope) (*lbv1.LoadBalancer, error) {
	wanted := wantedLoadBalancer(s)
	found, exists, err := findLoadBalancer(ctx, s)
	if err != nil {
		return nil, err
	}
	if !exists {
		key := client.ObjectKeyFromObject(wanted)
		if err := createWithoutStatus(ctx, s, wanted, lbv1.GroupVersion.WithKind("LoadBalancer")); err != nil {
			return nil, fmt.Errorf("create load balancer %s: %w", key, err)
		}
		r.event(ctx, s, infrav1.LoadBalancerCreatedEvent, "Create", "Created load balancer %s", key)
		return wanted, nil
	}
	base := write.IfUnchanged(found)
	changed := found.DeepCopy()
	if !align(changed, wanted) {
		return found, nil
	}
	return changed, phase.Wrap(s.harvester.Client().Patch(ctx, changed, base), "update load balancer %s", client.ObjectKeyFromObject(found))
}

// align changes what may change of a load balancer, and tells whether anything did. The source of its address may not:
// Harvester refuses another ipam, and another pool would give the cluster another endpoint.
func align(balancer, wanted *lbv1.LoadBalancer) bool {
	before := balancer.DeepCopy()
	balancer.Labels = names.Merged(balancer.Labels, wanted.Labels)
	balancer.Spec.Description = wanted.Spec.Description
	balancer.Spec.Listeners = wanted.Spec.Listeners
	balancer.Spec.BackendServerSelector = wanted.Spec.BackendServerSelector
	if balancer.Status.Address == "" && balancer.Status.AllocatedAddress.IP == "" {
		balancer.Spec.IPPool = wanted.Spec.IPPool
	}
	return !maps.Equal(before.Labels, balancer.Labels) ||
		before.Spec.Description != balancer.Spec.Description ||
		before.Spec.IPPool != balancer.Spec.IPPool ||
		!slices.Equal(before.Spec.Listeners, balancer.Spec.Listeners) ||
		!maps.EqualFunc(before.Spec.BackendServerSelector, balancer.Spec.BackendServerSelector, slices.Equal)
}
