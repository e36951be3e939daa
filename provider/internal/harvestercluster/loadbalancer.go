package harvestercluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

const (
	// defaultAPIPort is the port of the API server, on the load balancer and on the machines.
	defaultAPIPort = 6443
	// joinPort is where RKE2 lets nodes join.
	joinPort = 9345
)

// apiPort is the port of the endpoint: the user's if there is one.
func apiPort(infra *infrav1.HarvesterCluster) int32 {
	return cmp.Or(infra.Spec.ControlPlaneEndpoint.Port, defaultAPIPort)
}

// listeners are the ports of the load balancer: the user's, and ours unless the user's say something else about the
// name, the port or the backend port. Harvester refuses two listeners that share any of these.
func listeners(infra *infrav1.HarvesterCluster) []lbv1.Listener {
	var result []lbv1.Listener
	for _, l := range infra.Spec.LoadBalancerConfig.Listeners {
		result = append(result, lbv1.Listener{
			Name: l.Name, Port: l.Port, BackendPort: l.BackendPort,
			Protocol: corev1.Protocol(cmp.Or(l.Protocol, infrav1.ListenerTCP)),
		})
	}
	for _, ours := range []lbv1.Listener{
		{Name: "rke2-join", Port: joinPort, Protocol: corev1.ProtocolTCP, BackendPort: joinPort},
		{Name: "rke2-api", Port: apiPort(infra), Protocol: corev1.ProtocolTCP, BackendPort: defaultAPIPort},
	} {
		if !slices.ContainsFunc(result, func(theirs lbv1.Listener) bool { return clash(ours, theirs) }) {
			result = append([]lbv1.Listener{ours}, result...)
		}
	}
	return result
}

func clash(a, b lbv1.Listener) bool {
	return a.Name == b.Name || (a.Protocol == b.Protocol && (a.Port == b.Port || a.BackendPort == b.BackendPort))
}

// wantedLoadBalancer is the load balancer as it is to be. It says what Harvester would otherwise guess: an empty
// workload type is taken for a guest's Service, and an empty ipam leaks the address on deletion.
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
			Listeners:             listeners(s.infra),
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
		r.event(ctx, s, "LoadBalancerCreated", "Create", "Created load balancer %s", key)
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
