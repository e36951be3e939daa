package harvestercluster

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

const (
	// endpointFromAnnotation says, on a HarvesterCluster, who supplied its endpoint. It is written together with the
	// endpoint, and lies in the metadata so that a backup keeps it.
	endpointFromAnnotation = "infrastructure.cluster.x-k8s.io/control-plane-endpoint-from"
	fromLoadBalancer       = "load-balancer"
	// unsetHost is what templates of older releases hold for an endpoint that is not known.
	unsetHost = "0.0.0.0"
)

// ensureEndpoint obtains the address of the control plane: from a load balancer on Harvester, which has it before there
// is any machine, or from the user.
func (r *Reconciler) ensureEndpoint(ctx context.Context, s *scope) phase.Outcome {
	supplied, err := suppliedByUser(ctx, s)
	if err != nil {
		return phase.Fail(err, infrav1.LoadBalancerFailedReason)
	}
	if supplied {
		return phase.Done(infrav1.EndpointSuppliedReason, "")
	}
	if outcome := r.ensureLoadBalancerPool(ctx, s); outcome.Stop {
		return outcome
	}
	if err := r.switchSelector(ctx, s); err != nil {
		return phase.Fail(err, infrav1.LoadBalancerFailedReason)
	}
	balancer, err := r.ensureLoadBalancer(ctx, s)
	if err != nil {
		return phase.Fail(err, infrav1.LoadBalancerFailedReason)
	}
	if balancer.Status.Address == "" {
		return phase.Wait(infrav1.LoadBalancerAddressPendingReason, pendingMessage(balancer))
	}
	return adoptAddress(s.infra, balancer)
}

// suppliedByUser tells whether the endpoint in the spec is the user's. One that we wrote is annotated; one that v0.2.x
// wrote has its load balancer to show.
func suppliedByUser(ctx context.Context, s *scope) (bool, error) {
	if !hasEndpoint(s.infra) || s.infra.Annotations[endpointFromAnnotation] == fromLoadBalancer {
		return false, nil
	}
	_, found, err := findLoadBalancer(ctx, s)
	return !found, err
}

func hasEndpoint(infra *infrav1.HarvesterCluster) bool {
	host := infra.Spec.ControlPlaneEndpoint.Host
	return host != "" && host != unsetHost
}

// adoptAddress makes the load balancer's address the endpoint. An endpoint that is known already stays, even if the
// address has changed: certificates and kubeconfigs hold it.
func adoptAddress(infra *infrav1.HarvesterCluster, balancer *lbv1.LoadBalancer) phase.Outcome {
	if hasEndpoint(infra) && infra.Spec.ControlPlaneEndpoint.Host != balancer.Status.Address {
		return phase.Wait(infrav1.LoadBalancerAddressChangedReason,
			fmt.Sprintf("Load balancer %s has the address %s, but the cluster's endpoint is %s; nodes and kubeconfigs use the latter",
				client.ObjectKeyFromObject(balancer), balancer.Status.Address, infra.Spec.ControlPlaneEndpoint.Host))
	}
	if infra.Annotations == nil {
		infra.Annotations = map[string]string{}
	}
	infra.Annotations[endpointFromAnnotation] = fromLoadBalancer
	infra.Spec.ControlPlaneEndpoint = infrav1.APIEndpoint{Host: balancer.Status.Address, Port: apiPort(infra)}
	return phase.Done(infrav1.LoadBalancerAvailableReason, "")
}

func pendingMessage(balancer *lbv1.LoadBalancer) string {
	message := fmt.Sprintf("Waits for load balancer %s to get an address", client.ObjectKeyFromObject(balancer))
	for _, condition := range balancer.Status.Conditions {
		if condition.Type == lbv1.LoadBalancerReady && condition.Message != "" {
			message += ": " + condition.Message
		}
	}
	return message
}

// ensureLoadBalancerPool sees to the pool of the load balancer: Harvester would wait for a missing one for ever, and
// without saying so.
func (r *Reconciler) ensureLoadBalancerPool(ctx context.Context, s *scope) phase.Outcome {
	config := s.infra.Spec.LoadBalancerConfig
	if config.IPAMType != infrav1.IPAMTypePool {
		return phase.Unchanged()
	}
	var err error
	switch {
	case config.IPPoolRef != "":
		err = verifyPool(ctx, s.harvester.Cache(), config.IPPoolRef)
	case config.IPPool != nil:
		err = ensurePool(ctx, s, loadBalancerPool(s), config.IPPool, infrav1.LoadBalancerPoolCreatedCondition)
	}
	if err != nil {
		return phase.Fail(err, infrav1.PoolFailedReason)
	}
	return phase.Unchanged()
}

// loadBalancerPool is the name of the pool for the load balancer; empty lets Harvester choose one.
func loadBalancerPool(s *scope) string {
	config := s.infra.Spec.LoadBalancerConfig
	switch {
	case config.IPAMType != infrav1.IPAMTypePool:
		return ""
	case config.IPPoolRef != "":
		return config.IPPoolRef
	case config.IPPool != nil:
		return s.identity().LoadBalancerPool()
	default:
		return ""
	}
}
