package harvestercluster

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// publishFailureDomains publishes the zones of Harvester's hosts. Credentials that may not see the hosts leave a cluster
// without failure domains, which is no reason to stop.
func (r *Reconciler) publishFailureDomains(ctx context.Context, s *scope) phase.Outcome {
	hosts := &corev1.NodeList{}
	err := s.harvester.Client().List(ctx, hosts)
	switch {
	case errors.Is(err, harvesterclient.ErrUnauthorized):
		ctrl.LoggerFrom(ctx).Info("The identity may not list Harvester's hosts, so there are no failure domains")
		return phase.Unchanged()
	case err != nil:
		return phase.Fail(fmt.Errorf("list Harvester's hosts: %w", err), infrav1.HarvesterUnreachableReason)
	}
	s.infra.Status.FailureDomains = failureDomains(hosts.Items)
	return phase.Unchanged()
}

// failureDomains are the zones of hosts. Single hosts are no failure domains: a VM bound to one could not move away when
// Harvester is upgraded.
func failureDomains(hosts []corev1.Node) []clusterv1.FailureDomain {
	var domains []clusterv1.FailureDomain
	for _, zone := range harvesterclient.Zones(hosts) {
		domains = append(domains, clusterv1.FailureDomain{Name: zone, ControlPlane: ptr.To(true)})
	}
	return domains
}
