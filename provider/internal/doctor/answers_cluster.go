package doctor

import (
	"time"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// summaryAnswers are those of Ready and InfrastructureReady.
func summaryAnswers() map[string]Answer {
	return map[string]Answer{
		infrav1.ReadyReason:        fine(),
		infrav1.NotReadyReason:     follows("Look at the other conditions of the object: one of them is not met."),
		infrav1.ReadyUnknownReason: follows("Look at the other conditions of the object: one of them is not known."),
		infrav1.PausedReason: fault("", "Reconciliation is paused. Once the reason for that is gone, run: "+
			"kubectl patch cluster {cluster} -n {namespace} --type=merge -p '{\"spec\":{\"paused\":false}}', and remove the annotation cluster.x-k8s.io/paused."),
		infrav1.WaitingForOwnerReason: progress(time.Minute, "", "Cluster API sets the owner. If it does not, look whether its manager runs: "+
			"kubectl get deployments -A -l cluster.x-k8s.io/provider=cluster-api"),
	}
}

// connectionAnswers are those of the way to Harvester, of a cluster and of each step of a machine.
func connectionAnswers() map[string]Answer {
	const renew = "Put a new kubeconfig into Secret {secret}; config/harvester/account.sh makes one. It takes effect at once."
	return map[string]Answer{
		infrav1.ConnectedReason: fine(),
		infrav1.IdentitySecretNotFoundReason: fault(alerts.HarvesterUnreachable,
			"Create Secret {secret} with Harvester's kubeconfig under the key kubeconfig, or name another one in spec.identitySecret."),
		infrav1.IdentitySecretInvalidReason: fault(alerts.HarvesterUnreachable, "Fix the field of the kubeconfig in Secret {secret} that the message names."),
		infrav1.IdentityNotAllowedReason: fault(alerts.HarvesterUnreachable,
			"Let the owner of Secret {secret} add {namespace} to its annotation "+infrav1.AllowedNamespacesAnnotation+"."),
		infrav1.HarvesterMismatchReason: fault(alerts.HarvesterUnreachable,
			"Put the kubeconfig of the Harvester that the cluster is on into Secret {secret}. Only if Harvester was installed anew, set the annotation "+
				infrav1.ConfirmHarvesterAnnotation+" as the message says."),
		infrav1.CredentialsRejectedReason: fault(alerts.HarvesterUnreachable, renew),
		infrav1.HarvesterUnreachableReason: fault(alerts.HarvesterUnreachable,
			"Look whether Harvester's API answers at the server of the kubeconfig in Secret {secret}, from the management cluster: network, proxy, certificate."),
		infrav1.HarvesterVersionUnsupportedReason: fault(alerts.HarvesterUnreachable, "Upgrade Harvester to the version that the message names, or a newer one."),

		infrav1.CredentialsLastReason:         fine(),
		infrav1.CredentialsExpirySilentReason: fine(),
		infrav1.CredentialsExpireSoonReason:   fault(alerts.CredentialsExpiring, renew),
		infrav1.CredentialsExpiredReason:      fault(alerts.CredentialsExpiring, renew),
	}
}

// clusterAnswers are those of the other steps of a cluster.
func clusterAnswers() map[string]Answer {
	return map[string]Answer{
		infrav1.TargetNamespaceAvailableReason: fine(),
		infrav1.TargetNamespaceTerminatingReason: progress(10*time.Minute, alerts.ClusterNotReady,
			"Namespace {target} on Harvester is being deleted. If it stays, look at what is left in it, or name another one in spec.targetNamespace."),
		infrav1.TargetNamespaceFailedReason: fault(alerts.ClusterNotReady,
			"Create namespace {target} on Harvester, or give the identity the right to read and create namespaces (config/harvester)."),

		infrav1.LoadBalancerAvailableReason: fine(),
		infrav1.EndpointSuppliedReason:      fine(),
		infrav1.LoadBalancerAddressPendingReason: progress(5*time.Minute, alerts.ClusterNotReady,
			"Harvester gives the address. With ipamType pool, look whether the pool has a free one that fits the namespace and the cluster; with dhcp, whether the management network has a DHCP server."),
		infrav1.LoadBalancerNotOwnedReason: fault(alerts.ClusterNotReady,
			"A load balancer of that name in namespace {target} on Harvester belongs to something else: delete it there if no one needs it, or use another namespace."),
		infrav1.LoadBalancerAddressChangedReason: fault(alerts.ClusterNotReady,
			"Give the load balancer its former address back on Harvester: the endpoint of a cluster cannot be changed."),
		infrav1.ListenerConflictReason: fault(alerts.ClusterNotReady,
			"Change the listener in spec.loadBalancerConfig that the message names: the API server and port 9345 need a way in."),
		infrav1.EndpointInvalidReason:    fault(alerts.ClusterNotReady, "Write an address or a DNS name into spec.controlPlaneEndpoint.host."),
		infrav1.EndpointMismatchReason:   fault(alerts.ClusterNotReady, "Let the Cluster and the HarvesterCluster name the same endpoint, or leave it out of the Cluster."),
		infrav1.LoadBalancerFailedReason: fault(alerts.ClusterNotReady, "Fix what Harvester says in the message; the load balancer is tried again."),

		infrav1.CloudProviderConfigWrittenReason:        fine(),
		infrav1.CloudProviderConfigNotRequestedReason:   fine(),
		infrav1.CloudProviderConfigTargetNotFoundReason: fault("", "Create the ConfigMap that spec.updateCloudProviderConfig names, with the Secret in its manifest, or fix the names."),
		infrav1.CloudProviderConfigNotAllowedReason: fault("",
			"Let the owner of the ConfigMap add {namespace} to its annotation "+infrav1.AllowedNamespacesAnnotation+"."),
		infrav1.CloudProviderConfigPendingReason: progress(5*time.Minute, "", "Harvester issues the token. If it does not, look at the ServiceAccount in namespace {target} on Harvester."),
		infrav1.CloudProviderConfigFailedReason:  fault("", "Fix what the message says: the right to make service accounts on Harvester, or to write the ConfigMap."),
	}
}

// poolAnswers are those about address pools.
func poolAnswers() map[string]Answer {
	return map[string]Answer{
		infrav1.PoolsAvailableReason:     fine(),
		infrav1.PoolsNotConfiguredReason: fine(),
		infrav1.PoolNotFoundReason:       fault(alerts.IPPoolAllocationErrors, "Create the IPPool on Harvester, or name one that exists."),
		infrav1.PoolExhaustedReason: fault(alerts.IPPoolAllocationErrors,
			"Add a range to the IPPool on Harvester, or release what is leaked: caphv-ipam verify shows it. The machine goes on by itself."),
		infrav1.PoolMismatchReason: fault(alerts.IPPoolAllocationErrors, "Name a pool whose selector and subnet fit the network of the VMs, or fix the pool."),
		infrav1.PoolInvalidReason:  fault(alerts.IPPoolAllocationErrors, "Fix the range of the IPPool that the message names."),
		infrav1.PoolFailedReason:   fault(alerts.IPPoolAllocationErrors, "Fix what Harvester says in the message: the identity needs the right to read IPPools, and to create them where the spec describes one."),
	}
}
