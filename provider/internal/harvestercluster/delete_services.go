package harvestercluster

import (
	"context"
	"fmt"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// serviceClusterLabel is what Harvester's cloud provider writes on the load balancer that it makes for a Service: the name of
// the workload cluster as it was configured with it (harvester-cloud-provider v0.2.7).
const serviceClusterLabel = "cloudprovider.harvesterhci.io/cluster"

// deleteServices deletes the load balancers that the workload cluster's cloud provider made for Services, with their
// addresses: no one in the workload cluster does so any more. They are known by the name of the cluster only, which others
// may share: while VMs of that name are there, they stay.
func (r *Reconciler) deleteServices(ctx context.Context, s *scope) phase.Outcome {
	balancers := &lbv1.LoadBalancerList{}
	err := s.harvester.Client().List(ctx, balancers, client.InNamespace(s.targetNamespace()),
		client.MatchingLabels{serviceClusterLabel: s.identity().GuestCluster()})
	if err != nil {
		return failed("list the load balancers of Services", err)
	}
	if len(balancers.Items) == 0 {
		return phase.Unchanged()
	}
	vms := &kubevirtv1.VirtualMachineList{}
	err = s.harvester.Client().List(ctx, vms, client.InNamespace(s.targetNamespace()),
		client.MatchingLabels{infrav1.HarvesterGuestClusterLabel: s.identity().GuestCluster()})
	if err != nil {
		return failed("list the VMs of workload clusters of the name", err)
	}
	doomed, kept := servicesToDelete(balancers.Items, len(vms.Items))
	if len(kept) > 0 {
		r.warning(ctx, s, infrav1.LoadBalancersKeptEvent, "Delete",
			"Load balancers of Services are kept, as %d VMs of a workload cluster %q are in namespace %q on Harvester: %s",
			len(vms.Items), s.identity().GuestCluster(), s.targetNamespace(), strings.Join(kept, ", "))
	}
	return r.deleteBalancers(ctx, s, doomed)
}

// servicesToDelete picks the load balancers that go, and names those that stay as other VMs may use them. What a load
// balancer of ours is, or selects VMs by itself, was not made for a Service. Pure.
func servicesToDelete(balancers []lbv1.LoadBalancer, vms int) (doomed []lbv1.LoadBalancer, kept []string) {
	for _, balancer := range balancers {
		_, ours := balancer.Labels[infrav1.ManagedByLabel]
		switch {
		case ours || balancer.Spec.WorkloadType == lbv1.VM || len(balancer.Spec.BackendServerSelector) > 0:
		case vms > 0:
			kept = append(kept, balancer.Name)
		default:
			doomed = append(doomed, balancer)
		}
	}
	return doomed, kept
}

// deleteBalancers deletes load balancers and waits until they are gone, which is when Harvester has taken their addresses
// back.
func (r *Reconciler) deleteBalancers(ctx context.Context, s *scope, balancers []lbv1.LoadBalancer) phase.Outcome {
	if len(balancers) == 0 {
		return phase.Unchanged()
	}
	recheck := wake.Safety
	for i := range balancers {
		balancer := &balancers[i]
		if balancer.DeletionTimestamp.IsZero() {
			err := s.harvester.Client().Delete(ctx, balancer, write.Exactly(balancer))
			if client.IgnoreNotFound(err) != nil {
				return failed("delete the load balancer of a Service", err)
			}
			r.eventAbout(ctx, s, balancer, infrav1.LoadBalancerDeletedEvent, "Delete", "Deleted load balancer %s of a Service", client.ObjectKeyFromObject(balancer))
		}
		again := r.wake.When(ctx, s.harvester, balancer, harvesterclient.UntilGone, s.request(), terminationRecheck)
		recheck = min(recheck, again)
	}
	outcome := busy(infrav1.DeletingLoadBalancerReason, fmt.Sprintf("Waits for %d load balancers of Services to be gone", len(balancers)))
	outcome.RequeueAfter = recheck
	return outcome
}
