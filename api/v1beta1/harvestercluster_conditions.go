package v1beta1

import clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

// Condition types of a HarvesterCluster. Each belongs to one step of its reconciliation. The strings are those that
// stored objects carry already, which is why some differ from the constant's name.
const (
	// ReadyCondition sums up the other conditions, of a HarvesterCluster and of a HarvesterMachine alike.
	ReadyCondition = clusterv1.ReadyCondition

	// HarvesterConnectionReadyCondition tells whether Harvester's API can be used with the identity Secret.
	HarvesterConnectionReadyCondition = "HarvesterConnectionReady"

	// CredentialsValidCondition tells whether the credentials in the identity Secret will last for a while yet. It warns
	// ahead of time and is no part of Ready.
	CredentialsValidCondition = "CredentialsValid"

	// TargetNamespaceReadyCondition tells whether the target namespace is there on Harvester.
	TargetNamespaceReadyCondition = "TargetNamespaceReady"

	// IPPoolsReadyCondition tells whether every pool that VMs take addresses from is there and fits.
	IPPoolsReadyCondition = "VMIPPoolReady"

	// LoadBalancerReadyCondition tells whether the API server's load balancer has its address and its listeners.
	LoadBalancerReadyCondition = "LoadBalancerReady"

	// CloudProviderConfigReadyCondition tells whether the workload cluster's cloud provider has its configuration. Machines do
	// not wait for it, and it is no part of Ready.
	CloudProviderConfigReadyCondition = "CloudProviderConfigReady"

	// InfrastructureReadyCondition tells whether Cluster API may go on to bootstrap machines.
	InfrastructureReadyCondition = clusterv1.InfrastructureReadyCondition
)

// Condition types by which v0.2.x marked a pool that it created itself, and may therefore delete.
const (
	// PoolCreatedByControllerCondition marks the VMs' pool.
	PoolCreatedByControllerCondition = "VMIPPoolCreatedByController"
	// LoadBalancerPoolCreatedCondition marks the load balancer's pool.
	LoadBalancerPoolCreatedCondition = "CustomIPPoolCreated"
)

// Reasons of ReadyCondition and InfrastructureReadyCondition.
const (
	// ReadyReason tells that all is as it should be.
	ReadyReason = clusterv1.ReadyReason
	// NotReadyReason tells that another condition is False; the message names it.
	NotReadyReason = clusterv1.NotReadyReason
	// ReadyUnknownReason tells that another condition is Unknown; the message names it.
	ReadyUnknownReason = clusterv1.ReadyUnknownReason
	// PausedReason tells that reconciliation is paused.
	PausedReason = clusterv1.PausedReason
	// WaitingForOwnerReason tells that Cluster API has not set the owner reference yet.
	WaitingForOwnerReason = "WaitingForOwner"
)

// Reasons of HarvesterConnectionReadyCondition. A step of a HarvesterMachine that cannot reach Harvester uses them too.
const (
	// ConnectedReason tells that Harvester answers.
	ConnectedReason = "Connected"
	// IdentitySecretNotFoundReason tells that the identity Secret does not exist.
	IdentitySecretNotFoundReason = "IdentitySecretNotFound"
	// IdentitySecretInvalidReason tells that the identity Secret holds no usable kubeconfig.
	IdentitySecretInvalidReason = "IdentitySecretInvalid"
	// IdentityNotAllowedReason tells that the identity Secret is in another namespace and does not allow this one.
	IdentityNotAllowedReason = "IdentityNotAllowed"
	// HarvesterMismatchReason tells that the identity Secret leads to another Harvester than the one that everything was made
	// on. ConfirmHarvesterAnnotation confirms that it is the right one.
	HarvesterMismatchReason = "HarvesterMismatch"
	// CredentialsRejectedReason tells that Harvester refuses the credentials: expired, revoked or without the rights.
	CredentialsRejectedReason = "CredentialsRejected"
	// HarvesterUnreachableReason tells that Harvester does not answer, or answers with a passing error.
	HarvesterUnreachableReason = "HarvesterUnreachable"
	// HarvesterVersionUnsupportedReason tells that Harvester is older than this provider can work with.
	HarvesterVersionUnsupportedReason = "HarvesterVersionUnsupported"
)

// Reasons of CredentialsValidCondition.
const (
	// CredentialsLastReason tells that the credentials last longer than the warning time.
	CredentialsLastReason = "CredentialsLast"
	// CredentialsExpirySilentReason tells that the credentials do not say whether they expire, as Rancher's tokens.
	CredentialsExpirySilentReason = "CredentialsExpirySilent"
	// CredentialsExpireSoonReason tells that the credentials expire within the warning time.
	CredentialsExpireSoonReason = "CredentialsExpireSoon"
	// CredentialsExpiredReason tells that the credentials have expired.
	CredentialsExpiredReason = "CredentialsExpired"
)

// Reasons of TargetNamespaceReadyCondition.
const (
	// TargetNamespaceAvailableReason tells that the namespace is there.
	TargetNamespaceAvailableReason = "TargetNamespaceAvailable"
	// TargetNamespaceTerminatingReason tells that the namespace is being deleted.
	TargetNamespaceTerminatingReason = "TargetNamespaceTerminating"
	// TargetNamespaceFailedReason tells that the namespace can be neither read nor created.
	TargetNamespaceFailedReason = "TargetNamespaceFailed"
)

// Reasons about address pools, of IPPoolsReadyCondition, LoadBalancerReadyCondition and AddressReadyCondition.
const (
	// PoolsAvailableReason tells that every pool that is referred to is there and fits.
	PoolsAvailableReason = "PoolsAvailable"
	// PoolsNotConfiguredReason tells that VMs use DHCP, so no pool is needed.
	PoolsNotConfiguredReason = "PoolsNotConfigured"
	// PoolNotFoundReason tells that a pool that is referred to does not exist on Harvester.
	PoolNotFoundReason = "PoolNotFound"
	// PoolExhaustedReason tells that no pool has an address left.
	PoolExhaustedReason = "PoolExhausted"
	// PoolMismatchReason tells that a pool is for another network or subnet than the VMs'.
	PoolMismatchReason = "PoolMismatch"
	// PoolInvalidReason tells that a pool's ranges cannot be read.
	PoolInvalidReason = "PoolInvalid"
	// PoolFailedReason tells that a pool could not be created or read.
	PoolFailedReason = "PoolFailed"
)

// Reasons of LoadBalancerReadyCondition.
const (
	// LoadBalancerAvailableReason tells that the load balancer has its address and its listeners.
	LoadBalancerAvailableReason = "LoadBalancerAvailable"
	// EndpointSuppliedReason tells that the user supplied the endpoint, so there is no load balancer.
	EndpointSuppliedReason = "EndpointSupplied"
	// LoadBalancerAddressPendingReason tells that Harvester has not given the load balancer an address yet.
	LoadBalancerAddressPendingReason = "LoadBalancerAddressPending"
	// LoadBalancerNotOwnedReason tells that a load balancer of that name belongs to something else.
	LoadBalancerNotOwnedReason = "LoadBalancerNotOwned"
	// LoadBalancerAddressChangedReason tells that the load balancer's address is no longer the cluster's endpoint.
	LoadBalancerAddressChangedReason = "LoadBalancerAddressChanged"
	// ListenerConflictReason tells that the listeners of the spec leave no way to the API server, or to where nodes join.
	ListenerConflictReason = "ListenerConflict"
	// EndpointInvalidReason tells that the endpoint that the user supplied is neither an address nor a name.
	EndpointInvalidReason = "EndpointInvalid"
	// EndpointMismatchReason tells that the Cluster names another endpoint than the HarvesterCluster.
	EndpointMismatchReason = "EndpointMismatch"
	// LoadBalancerFailedReason tells that the load balancer could not be created, read or changed.
	LoadBalancerFailedReason = "LoadBalancerFailed"
)

// Reasons of CloudProviderConfigReadyCondition.
const (
	// CloudProviderConfigWrittenReason tells that the configuration is in the manifest.
	CloudProviderConfigWrittenReason = "CloudProviderConfigWritten"
	// CloudProviderConfigNotRequestedReason tells that the user did not ask for a configuration.
	CloudProviderConfigNotRequestedReason = "CloudProviderConfigNotRequested"
	// CloudProviderConfigTargetNotFoundReason tells that the manifest, or the Secret in it, is not there.
	CloudProviderConfigTargetNotFoundReason = "CloudProviderConfigTargetNotFound"
	// CloudProviderConfigNotAllowedReason tells that the manifest is in another namespace and does not allow this one.
	CloudProviderConfigNotAllowedReason = "CloudProviderConfigNotAllowed"
	// CloudProviderConfigPendingReason tells that Harvester has not issued the credentials yet.
	CloudProviderConfigPendingReason = "CloudProviderConfigPending"
	// CloudProviderConfigFailedReason tells that the configuration could not be made or written.
	CloudProviderConfigFailedReason = "CloudProviderConfigFailed"
)
