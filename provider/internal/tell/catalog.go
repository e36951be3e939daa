package tell

import (
	corev1 "k8s.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Kind is one kind of event that the provider writes.
type Kind struct {
	// Reason is the event's reason, a constant of the api module.
	Reason string
	// Type is Normal or Warning.
	Type string
	// On are the kinds of the objects that it is written on.
	On []string
}

// Catalog returns every kind of event, in the order in which they are documented. The caller owns the result.
func Catalog() []Kind {
	const machine, cluster, claim = "HarvesterMachine", "HarvesterCluster", "IPAddressClaim"
	normal := func(reason string, on ...string) Kind { return Kind{reason, corev1.EventTypeNormal, on} }
	warning := func(reason string, on ...string) Kind { return Kind{reason, corev1.EventTypeWarning, on} }
	return []Kind{
		normal(infrav1.VMCreatedEvent, machine),
		normal(infrav1.VMDeletedEvent, machine),
		warning(infrav1.VMStartingReason, machine),
		warning(infrav1.VMVolumeNotReadyReason, machine),
		warning(infrav1.VMUnschedulableReason, machine),
		warning(infrav1.VMFailedReason, machine),
		warning(infrav1.VMStartTimedOutReason, machine),
		normal(infrav1.NodeInitializedReason, machine),
		warning(infrav1.NodeInitializationTimedOutReason, machine),

		normal(infrav1.AddressAllocatedReason, machine, claim),
		normal(infrav1.AddressReleasedEvent, machine, claim),
		normal(infrav1.AddressClaimedEvent, machine),
		warning(infrav1.AddressLostEvent, machine),
		warning(infrav1.AddressRestoredEvent, machine, claim),
		warning(infrav1.AddressLeakedEvent, cluster),

		warning(infrav1.EtcdUnreachableReason, machine),
		warning(infrav1.EtcdMemberRemovalFailedReason, machine),
		warning(infrav1.EtcdQuorumAtRiskReason, machine),
		warning(infrav1.OwnerNotDeletingReason, machine, cluster),
		warning(infrav1.HarvesterAbandonedReason, machine, cluster, claim),

		normal(infrav1.LoadBalancerCreatedEvent, cluster),
		normal(infrav1.LoadBalancerDeletedEvent, cluster),
		warning(infrav1.LoadBalancersKeptEvent, cluster),
		normal(infrav1.PoolDeletedEvent, cluster),
		warning(infrav1.PoolKeptEvent, cluster),
		warning(infrav1.NamespaceKeptEvent, cluster),
		normal(infrav1.CloudProviderConfigWrittenReason, cluster),
		warning(infrav1.CredentialsExpireSoonReason, cluster),
		warning(infrav1.CredentialsExpiredReason, cluster),
	}
}
