package v1beta1

import clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

// Condition types of a HarvesterMachine. Each belongs to one step of its reconciliation. The strings are those that
// stored objects carry already, which is why some differ from the constant's name.
const (
	// AddressReadyCondition tells whether the VM has its address from a pool, if it needs one.
	AddressReadyCondition = "VMIPAllocated"

	// BootstrapReadyCondition tells whether what the guest reads at its first boot is stored on Harvester.
	BootstrapReadyCondition = "CloudInitReady"

	// VMProvisionedCondition tells whether the VM and its volumes are there on Harvester.
	VMProvisionedCondition = "VMProvisioningReady"

	// VMRunningCondition tells whether the VM runs.
	VMRunningCondition = "VMRunning"

	// AddressesReportedCondition tells whether the VM's addresses are known.
	AddressesReportedCondition = "AddressesReported"

	// NodeInitializedCondition tells whether the machine's Node in the workload cluster has its provider ID and has lost
	// the taint of uninitialized nodes.
	NodeInitializedCondition = "NodeInitialized"

	// EtcdMemberRemovedCondition tells, during the deletion of a control-plane machine, whether its etcd member is out.
	EtcdMemberRemovedCondition = "EtcdMemberRemoved"

	// DeletingCondition tells, during deletion, what is being done or waited for.
	DeletingCondition = clusterv1.DeletingCondition
)

// Reasons of AddressReadyCondition, beside those about address pools.
const (
	// AddressAllocatedReason tells that the VM holds an address of a pool.
	AddressAllocatedReason = "AddressAllocated"
	// AddressFixedReason tells that the spec fixes the VM's address.
	AddressFixedReason = "AddressFixed"
	// AddressFromDHCPReason tells that the guest gets its address from DHCP.
	AddressFromDHCPReason = "AddressFromDHCP"
	// WaitingForAddressClaimReason tells that an IPAddressClaim has no address yet; the message names it.
	WaitingForAddressClaimReason = "WaitingForAddressClaim"
	// AddressAllocationFailedReason tells that an address could not be allocated for another reason than the pools'.
	AddressAllocationFailedReason = "AddressAllocationFailed"
)

// Reasons of a step that waits for something outside the machine.
const (
	// WaitingForClusterInfrastructureReason tells that the HarvesterCluster is not provisioned yet.
	WaitingForClusterInfrastructureReason = "WaitingForClusterInfrastructure"
	// WaitingForBootstrapDataReason tells that the bootstrap provider has not written its Secret yet.
	WaitingForBootstrapDataReason = "WaitingForBootstrapData"
	// WaitingForPreviousStepReason tells that an earlier step has to be done first; the message names it.
	WaitingForPreviousStepReason = "WaitingForPreviousStep"
)

// Reasons of BootstrapReadyCondition.
const (
	// BootstrapStoredReason tells that user data and network data are stored on Harvester.
	BootstrapStoredReason = "BootstrapStored"
	// BootstrapDataInvalidReason tells that the bootstrap data cannot be read, is of an unknown format or is too large.
	BootstrapDataInvalidReason = "BootstrapDataInvalid"
	// BootstrapStoreFailedReason tells that the Secret could not be written on Harvester.
	BootstrapStoreFailedReason = "BootstrapStoreFailed"
)

// Reasons of VMProvisionedCondition.
const (
	// VMProvisionedReason tells that the VM and its volumes are there.
	VMProvisionedReason = "VMProvisioned"
	// ImageNotFoundReason tells that an image does not exist on Harvester, or that its name fits several.
	ImageNotFoundReason = "ImageNotFound"
	// ImageNotReadyReason tells that Harvester has not imported an image completely.
	ImageNotReadyReason = "ImageNotReady"
	// KeyPairNotFoundReason tells that the SSH key pair does not exist on Harvester.
	KeyPairNotFoundReason = "KeyPairNotFound"
	// NetworkNotFoundReason tells that a VM network does not exist on Harvester.
	NetworkNotFoundReason = "NetworkNotFound"
	// StorageClassNotFoundReason tells that a storage class does not exist on Harvester.
	StorageClassNotFoundReason = "StorageClassNotFound"
	// FailureDomainNotFoundReason tells that no host of Harvester is in the machine's failure domain.
	FailureDomainNotFoundReason = "FailureDomainNotFound"
	// VMRejectedReason tells that Harvester refuses the VM; the message holds Harvester's answer.
	VMRejectedReason = "VMRejected"
	// VMNotOwnedReason tells that a VM of that name belongs to something else.
	VMNotOwnedReason = "VMNotOwned"
	// VMMissingReason tells that the VM was there and is gone without this machine being deleted.
	VMMissingReason = "VMMissing"
	// VMFailedReason tells that the VM could not be created or read.
	VMFailedReason = "VMFailed"
)

// Reasons of VMRunningCondition.
const (
	// VMRunningReason tells that the VM runs.
	VMRunningReason = "VMRunning"
	// VMStartingReason tells that the VM's volumes are prepared, or that it is about to run.
	VMStartingReason = "VMStarting"
	// VMVolumeNotReadyReason tells that the VM does not start because of a volume; the message names it and the cause.
	VMVolumeNotReadyReason = "VMVolumeNotReady"
	// VMStartTimedOutReason tells that the VM has not started within the time that a start may take; the message names the
	// cause as far as it is known.
	VMStartTimedOutReason = "VMStartTimedOut"
	// VMUnschedulableReason tells that no host of Harvester can take the VM.
	VMUnschedulableReason = "VMUnschedulable"
	// VMStoppedReason tells that the VM is off.
	VMStoppedReason = "VMStopped"
	// VMPausedReason tells that the VM is paused.
	VMPausedReason = "VMPaused"
	// VMStoppingReason tells that the VM is being shut down or deleted.
	VMStoppingReason = "VMStopping"
	// VMHaltedReason tells that the VM is switched off, by someone or by Harvester for a resource quota.
	VMHaltedReason = "VMHalted"
	// VMUnknownReason tells that Harvester lost sight of the VM, as when its host is gone.
	VMUnknownReason = "VMUnknown"
	// VMCrashedReason tells that the VM stops again and again.
	VMCrashedReason = "VMCrashed"
)

// Reasons of AddressesReportedCondition.
const (
	// AddressesReportedReason tells that the VM's addresses are in the status.
	AddressesReportedReason = "AddressesReported"
	// WaitingForGuestAddressesReason tells that neither a pool nor the guest agent has named an address yet.
	WaitingForGuestAddressesReason = "WaitingForGuestAddresses"
)

// Reasons of NodeInitializedCondition.
const (
	// NodeInitializedReason tells that the Node is initialized.
	NodeInitializedReason = "NodeInitialized"
	// WaitingForNodeReason tells that the guest has not registered its Node yet.
	WaitingForNodeReason = "WaitingForNode"
	// GuestClusterUnreachableReason tells that the workload cluster's API server does not answer.
	GuestClusterUnreachableReason = "GuestClusterUnreachable"
	// NodeInitializationTimedOutReason tells that the Node was not registered in time. It is initialized all the same
	// when it comes.
	NodeInitializationTimedOutReason = "NodeInitializationTimedOut"
	// NodeProviderIDConflictReason tells that the Node carries another provider ID, which cannot be changed.
	NodeProviderIDConflictReason = "NodeProviderIDConflict"
	// NodeInitializationFailedReason tells that the Node could not be changed.
	NodeInitializationFailedReason = "NodeInitializationFailed"
)

// Reasons of EtcdMemberRemovedCondition.
const (
	// EtcdMemberRemovedReason tells that the machine has no etcd member any more.
	EtcdMemberRemovedReason = "EtcdMemberRemoved"
	// EtcdMemberRemovalVerifiedReason tells that the machine has no etcd member, by a look that was taken when its VM was
	// gone: until then its guest may still join.
	EtcdMemberRemovalVerifiedReason = "EtcdMemberRemovalVerified"
	// EtcdRemovalNotNeededReason tells that the machine is no control-plane machine, or that the whole cluster goes.
	EtcdRemovalNotNeededReason = "EtcdRemovalNotNeeded"
	// EtcdQuorumAtRiskReason tells that removing the member now could cost the quorum.
	EtcdQuorumAtRiskReason = "EtcdQuorumAtRisk"
	// EtcdUnreachableReason tells that no etcd member answers.
	EtcdUnreachableReason = "EtcdUnreachable"
	// EtcdMemberRemovalFailedReason tells that etcd refused to let the member go.
	EtcdMemberRemovalFailedReason = "EtcdMemberRemovalFailed"
)

// Reasons of DeletingCondition.
const (
	// NotDeletingReason tells that the object is not being deleted.
	NotDeletingReason = clusterv1.NotDeletingReason
	// OwnerNotDeletingReason tells that the deletion is blocked, because the Machine that owns this one is not being
	// deleted. ConfirmDeletionAnnotation lifts the block.
	OwnerNotDeletingReason = "OwnerNotDeleting"
	// RemovingEtcdMemberReason tells that the etcd member is on its way out.
	RemovingEtcdMemberReason = "RemovingEtcdMember"
	// DeletingVMReason tells that the VM is on its way out.
	DeletingVMReason = "DeletingVM"
	// DeletingVolumesReason tells that volumes are on their way out.
	DeletingVolumesReason = "DeletingVolumes"
	// DeletingBootstrapReason tells that the Secret with user data is on its way out.
	DeletingBootstrapReason = "DeletingBootstrap"
	// ReleasingAddressReason tells that the address is on its way back to its pool.
	ReleasingAddressReason = "ReleasingAddress"
	// DeletingLoadBalancerReason tells that a cluster's load balancer is on its way out.
	DeletingLoadBalancerReason = "DeletingLoadBalancer"
	// DeletingPoolsReason tells that the address pools that were created for a cluster are on their way out.
	DeletingPoolsReason = "DeletingPools"
	// WaitingForMachinesReason tells that a cluster's machines have to go first.
	WaitingForMachinesReason = "WaitingForMachines"
	// WaitingForClaimsReason tells that the IPAddressClaims that refer to a HarvesterIPPool have to go first.
	WaitingForClaimsReason = "WaitingForClaims"
	// HarvesterAbandonedReason tells that an object was let go without its clean-up on Harvester, as the user ordered.
	HarvesterAbandonedReason = "HarvesterAbandoned"
	// DeletionFailedReason tells that a step of the deletion failed; the message names it.
	DeletionFailedReason = "DeletionFailed"
)
