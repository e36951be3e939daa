package v1beta1

// Reasons of events that are no reasons of conditions. An event may also have a condition's reason, when a condition turns
// to it.
const (
	// VMCreatedEvent tells that the VM was created on Harvester.
	VMCreatedEvent = "VMCreated"
	// VMDeletedEvent tells that the deletion of the VM was ordered on Harvester.
	VMDeletedEvent = "VMDeleted"

	// AddressReleasedEvent tells that an address went back to its pool.
	AddressReleasedEvent = "AddressReleased"
	// AddressClaimedEvent tells that an IPAddressClaim was made for the machine.
	AddressClaimedEvent = "AddressClaimed"
	// AddressLostEvent tells that the VM uses an address that its pool does not hold for it.
	AddressLostEvent = "AddressLost"
	// AddressRestoredEvent tells that a pool had lost an address that is held: it was entered again.
	AddressRestoredEvent = "AddressRestored"
	// AddressLeakedEvent tells that a pool holds an address of a machine that no longer exists.
	AddressLeakedEvent = "AddressLeaked"

	// LoadBalancerCreatedEvent tells that the load balancer was created on Harvester.
	LoadBalancerCreatedEvent = "LoadBalancerCreated"
	// LoadBalancerDeletedEvent tells that a load balancer of the cluster, or of a Service in it, was deleted on Harvester.
	LoadBalancerDeletedEvent = "LoadBalancerDeleted"
	// LoadBalancersKeptEvent tells that load balancers of Services stay on Harvester, as another workload cluster of that name
	// has VMs there.
	LoadBalancersKeptEvent = "LoadBalancersKept"

	// PoolDeletedEvent tells that a pool that was created for the cluster was deleted on Harvester.
	PoolDeletedEvent = "PoolDeleted"
	// PoolKeptEvent tells that a pool that was created for the cluster stays, as others hold addresses of it.
	PoolKeptEvent = "PoolKept"
	// NamespaceKeptEvent tells that the target namespace stays on Harvester, as it holds something of others.
	NamespaceKeptEvent = "NamespaceKept"
)
