package harvestercluster

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
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
	fromCluster            = "cluster"
	// unsetHost is what templates of older releases hold for an endpoint that is not known.
	unsetHost = "0.0.0.0"
)

// ensureEndpoint obtains the address of the control plane: from a load balancer on Harvester, which has it before there
// is any machine, or from the user, who names it on the HarvesterCluster or on the Cluster.
func (r *Reconciler) ensureEndpoint(ctx context.Context, s *scope) phase.Outcome {
	supplied, err := suppliedByUser(ctx, s)
	if err != nil {
		return phase.Fail(err, infrav1.LoadBalancerFailedReason)
	}
	if supplied {
		return useSupplied(s.infra, s.cluster)
	}
	planned, problem := planPorts(s.infra, s.cluster)
	if problem != "" { // The load balancer stays as it is.
		return phase.Wait(infrav1.ListenerConflictReason, problem)
	}
	s.ports = planned
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
	outcome := adoptAddress(s.infra, balancer, s.ports.api)
	if mismatch := clusterMismatch(s.infra, s.cluster); mismatch != "" && !outcome.Stop {
		return phase.Wait(infrav1.EndpointMismatchReason, mismatch)
	}
	return outcome
}

// suppliedByUser tells whether the endpoint, in the spec or in that of the Cluster, is the user's. One that we wrote is
// annotated; one that v0.2.x wrote has its load balancer to show.
func suppliedByUser(ctx context.Context, s *scope) (bool, error) {
	named := hasEndpoint(s.infra) || (s.cluster != nil && s.cluster.Spec.ControlPlaneEndpoint.IsValid())
	if !named || s.infra.Annotations[endpointFromAnnotation] == fromLoadBalancer {
		return false, nil
	}
	_, found, err := findLoadBalancer(ctx, s)
	return !found, err
}

// useSupplied takes the endpoint that the user named. Cluster API takes none without a port, and goes by its own where the
// Cluster has one.
func useSupplied(infra *infrav1.HarvesterCluster, cluster *clusterv1.Cluster) phase.Outcome {
	if !hasEndpoint(infra) {
		named := cluster.Spec.ControlPlaneEndpoint
		infra.Spec.ControlPlaneEndpoint = infrav1.APIEndpoint{Host: named.Host, Port: named.Port}
		annotateEndpoint(infra, fromCluster)
	}
	if problem := hostProblem(infra.Spec.ControlPlaneEndpoint.Host); problem != "" {
		return phase.Wait(infrav1.EndpointInvalidReason, problem)
	}
	infra.Spec.ControlPlaneEndpoint.Port = cmp.Or(askedPort(infra, cluster), serverPort)
	if mismatch := clusterMismatch(infra, cluster); mismatch != "" {
		return phase.Wait(infrav1.EndpointMismatchReason, mismatch)
	}
	return phase.Done(infrav1.EndpointSuppliedReason, "")
}

// hostProblem says what is wrong with the host of an endpoint: it is an address or a name, nothing else.
func hostProblem(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	if len(validation.IsDNS1123Subdomain(host)) == 0 {
		return ""
	}
	return fmt.Sprintf("spec.controlPlaneEndpoint.host: %q is neither an IP address nor a DNS name: write the host alone, without scheme, path or space, and the port into spec.controlPlaneEndpoint.port", host)
}

// clusterMismatch says how the endpoint differs from the one that the Cluster names, which is the one that nodes and
// kubeconfigs use. A DNS name may well lead to the address.
func clusterMismatch(infra *infrav1.HarvesterCluster, cluster *clusterv1.Cluster) string {
	if cluster == nil || !cluster.Spec.ControlPlaneEndpoint.IsValid() {
		return ""
	}
	named, ours := cluster.Spec.ControlPlaneEndpoint, infra.Spec.ControlPlaneEndpoint
	if named.Port == ours.Port && sameHost(named.Host, ours.Host) {
		return ""
	}
	return fmt.Sprintf("Cluster %s names the endpoint %s, but this HarvesterCluster's is %s:%d; nodes and kubeconfigs use the former: make spec.controlPlaneEndpoint of both equal",
		cluster.Name, named.String(), ours.Host, ours.Port)
}

// sameHost tells whether two hosts can be the same. A name and an address can be.
func sameHost(a, b string) bool {
	one, errOne := netip.ParseAddr(a)
	other, errOther := netip.ParseAddr(b)
	if errOne == nil && errOther == nil {
		return one == other
	}
	return a == b || (errOne == nil) != (errOther == nil)
}

func annotateEndpoint(infra *infrav1.HarvesterCluster, from string) {
	if infra.Annotations == nil {
		infra.Annotations = map[string]string{}
	}
	infra.Annotations[endpointFromAnnotation] = from
}

func hasEndpoint(infra *infrav1.HarvesterCluster) bool {
	host := infra.Spec.ControlPlaneEndpoint.Host
	return host != "" && host != unsetHost
}

// adoptAddress makes the load balancer's address the endpoint. An endpoint that is known already stays, even if the
// address has changed: certificates and kubeconfigs hold it.
func adoptAddress(infra *infrav1.HarvesterCluster, balancer *lbv1.LoadBalancer, port int32) phase.Outcome {
	if hasEndpoint(infra) && infra.Spec.ControlPlaneEndpoint.Host != balancer.Status.Address {
		return phase.Wait(infrav1.LoadBalancerAddressChangedReason,
			fmt.Sprintf("Load balancer %s has the address %s, but the cluster's endpoint is %s; nodes and kubeconfigs use the latter",
				client.ObjectKeyFromObject(balancer), balancer.Status.Address, infra.Spec.ControlPlaneEndpoint.Host))
	}
	annotateEndpoint(infra, fromLoadBalancer)
	infra.Spec.ControlPlaneEndpoint = infrav1.APIEndpoint{Host: balancer.Status.Address, Port: port}
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
