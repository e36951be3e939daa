package doctor

import (
	"time"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// deletionPatience is how long a step of a deletion may take; the alert about a deletion that is stuck waits as long.
const deletionPatience = 30 * time.Minute

// deletionAnswers are those of what leaves.
func deletionAnswers() map[string]Answer {
	const stuck = alerts.MachineDeletionStuck
	going := func(do string) Answer { return progress(deletionPatience, stuck, do) }
	return map[string]Answer{
		infrav1.EtcdMemberRemovedReason:         fine(),
		infrav1.EtcdMemberRemovalVerifiedReason: fine(),
		infrav1.EtcdRemovalNotNeededReason:      fine(),
		infrav1.EtcdQuorumAtRiskReason: fault(alerts.EtcdQuorumAtRisk,
			"Bring another control-plane machine up first: without this member the others would have no quorum."),
		infrav1.EtcdUnreachableReason: progress(10*time.Minute, alerts.EtcdRemoveErrors,
			"No etcd member answers. Look at the control-plane VMs; after the deadline the VM is deleted all the same."),
		infrav1.EtcdMemberRemovalFailedReason: fault(alerts.EtcdRemoveErrors, "Look at etcd with caphv-etcd, as the runbook says: it refuses to let the member go."),

		infrav1.NotDeletingReason: fine(),
		infrav1.OwnerNotDeletingReason: fault(stuck,
			"The object is being deleted and its owner is not, as after a restored backup. If the VM is to go, set the annotation "+infrav1.ConfirmDeletionAnnotation+"=true on the object."),
		infrav1.RemovingEtcdMemberReason:   going("The etcd member is taken out. If that does not end, look at etcd of the workload cluster."),
		infrav1.DeletingVMReason:           going("Harvester deletes the VM. If that does not end, look at the VM and its finalizers in namespace {target} on Harvester."),
		infrav1.DeletingVolumesReason:      going("Harvester deletes the volumes. If that does not end, look at the claims, and at the volumes of Longhorn behind them."),
		infrav1.DeletingBootstrapReason:    going("The Secret with cloud-init data is deleted on Harvester. If that does not end, look at its finalizers."),
		infrav1.ReleasingAddressReason:     going("The address goes back to its pool. If it does not, look at the IPPool on Harvester."),
		infrav1.DeletingLoadBalancerReason: going("Harvester deletes the load balancer. If that does not end, look at it and its finalizers in namespace {target} on Harvester."),
		infrav1.DeletingPoolsReason:        going("The pools that were made for the cluster are deleted once they hold no address."),
		infrav1.WaitingForMachinesReason:   follows("The cluster's machines have to go first: look at those."),
		infrav1.WaitingForClaimsReason:     going("IPAddressClaims still refer to the pool: kubectl get ipaddressclaims -n {namespace}"),
		infrav1.HarvesterAbandonedReason:   going("The object is let go without cleaning up Harvester, as was ordered."),
		infrav1.DeletionFailedReason:       fault(stuck, "Fix what the message says; the deletion goes on by itself."),
	}
}
