package v1beta1

// Finalizers. The legacy forms are what v0.2.x wrote before finalizers had to hold a path; objects that carry one are
// adopted: both forms are recognised, and both are dropped when deletion is done.
const (
	// ClusterFinalizer keeps a HarvesterCluster until what was created for it on Harvester is gone.
	ClusterFinalizer = "harvester.infrastructure.cluster.x-k8s.io/finalizer"
	// LegacyClusterFinalizer is the older form of ClusterFinalizer.
	LegacyClusterFinalizer = "harvester.infrastructure.cluster.x-k8s.io"

	// MachineFinalizer keeps a HarvesterMachine until its VM, volumes, Secret and address are gone.
	MachineFinalizer = "harvestermachine.infrastructure.cluster.x-k8s.io/finalizer"
	// LegacyMachineFinalizer is the older form of MachineFinalizer.
	LegacyMachineFinalizer = "harvestermachine.infrastructure.cluster.x-k8s.io"

	// AddressInUseFinalizer keeps the IPAddressClaims of a HarvesterMachine, and their IPAddresses, until its VM is gone.
	AddressInUseFinalizer = "harvestermachine.infrastructure.cluster.x-k8s.io/address-in-use"

	// IdentityInUseFinalizer keeps an identity Secret while a HarvesterCluster or a HarvesterIPPool uses it: nothing could
	// be deleted on Harvester without it.
	IdentityInUseFinalizer = "infrastructure.cluster.x-k8s.io/identity-in-use"

	// IPPoolFinalizer keeps a HarvesterIPPool until no IPAddressClaim refers to it.
	IPPoolFinalizer = "harvesterippool.infrastructure.cluster.x-k8s.io/finalizer"
	// ReleaseAddressFinalizer keeps an IPAddressClaim that refers to a HarvesterIPPool until its address went back.
	ReleaseAddressFinalizer = "harvesterippool.infrastructure.cluster.x-k8s.io/release-address"
	// ProtectAddressFinalizer keeps the IPAddress of such a claim until the claim goes.
	ProtectAddressFinalizer = "harvesterippool.infrastructure.cluster.x-k8s.io/protect-address"
)

// Annotations on our kinds.
const (
	// ConfirmDeletionAnnotation on a HarvesterMachine confirms that its VM may be deleted although the Machine that
	// owns it is not being deleted, or only by the garbage collector; on a HarvesterCluster, that what was made for it may
	// be deleted although its Cluster is not. Without it such a deletion is blocked, because a restored backup with stale owner
	// references makes Kubernetes' garbage collector delete machines that are in use. The value must be "true".
	ConfirmDeletionAnnotation = "infrastructure.cluster.x-k8s.io/confirm-deletion"

	// AbandonHarvesterAnnotation on a HarvesterCluster that is being deleted says that its Harvester is gone for good:
	// what cannot be reached there is not cleaned up, and the objects in the management cluster are let go. It has no
	// effect while Harvester answers. On a HarvesterIPPool it does the same for its claims. The value must be "true".
	AbandonHarvesterAnnotation = "infrastructure.cluster.x-k8s.io/abandon-harvester"

	// ClusterSeedAnnotation on a HarvesterCluster is what the cluster's id on Harvester is derived from, together with its
	// namespace and name. It is written before anything is made, and stays when the object is moved or restored.
	ClusterSeedAnnotation = "infrastructure.cluster.x-k8s.io/cluster-id-from"
	// AdoptedAnnotation on a HarvesterCluster says that what was made for it on Harvester has the names of an earlier
	// release, without the id. Its value is AdoptedOldSelector or AdoptedValue.
	AdoptedAnnotation = "infrastructure.cluster.x-k8s.io/adopted"
	// AdoptedOldSelector says that the load balancer still selects its backends by MachineTypeLabel, until every
	// control-plane VM that runs carries ControlPlaneOfLabel.
	AdoptedOldSelector = "old-selector"
	// AdoptedValue says that the load balancer selects by ControlPlaneOfLabel.
	AdoptedValue = "true"

	// HarvesterUIDAnnotation on a HarvesterCluster or a HarvesterIPPool is the Harvester that it is on: the UID of the
	// namespace kube-system there. It is recorded when Harvester is first reached, and stays when the object is moved or
	// restored.
	HarvesterUIDAnnotation = "infrastructure.cluster.x-k8s.io/harvester-uid"
	// ConfirmHarvesterAnnotation on such an object confirms that the Harvester with the UID in its value takes the place of
	// the one in HarvesterUIDAnnotation, as after Harvester was installed anew. It is removed once it took effect.
	ConfirmHarvesterAnnotation = "infrastructure.cluster.x-k8s.io/confirm-harvester"

	// AddressOwnerAnnotation on an IPAddressClaim that refers to a HarvesterIPPool is the id under which the pool on
	// Harvester holds its address. It is written before an address is taken, and stays when the claim is moved or restored.
	AddressOwnerAnnotation = "infrastructure.cluster.x-k8s.io/address-owner"

	// CloudProviderServerAnnotation on a HarvesterCluster is the URL by which the guest cluster reaches Harvester's API,
	// for the cloud provider's configuration. Without it, that is https on port 6443 of Harvester's management address.
	CloudProviderServerAnnotation = "infrastructure.cluster.x-k8s.io/cloud-provider-server"
)

// Annotations on objects that a HarvesterCluster refers to.
const (
	// AllowedNamespacesAnnotation on an identity Secret, or on the ConfigMap with the cloud provider's manifest, lists
	// the namespaces whose HarvesterClusters may use it beside its own: names separated by commas, or "*" for all.
	AllowedNamespacesAnnotation = "infrastructure.cluster.x-k8s.io/allowed-namespaces"
)

// Labels on what is created on Harvester.
const (
	// ManagedByLabel marks every object that this provider created on Harvester; its value is ManagedByValue.
	ManagedByLabel = "infrastructure.cluster.x-k8s.io/managed-by"
	// ManagedByValue is the value of ManagedByLabel.
	ManagedByValue = "caphv"

	// ClusterNamespaceLabel holds the namespace, in the management cluster, of the Cluster that an object belongs to.
	// The name of that Cluster is in Cluster API's own label cluster.x-k8s.io/cluster-name.
	ClusterNamespaceLabel = "infrastructure.cluster.x-k8s.io/cluster-namespace"
	// ClusterIDLabel holds the id of the cluster that an object belongs to: unique per HarvesterCluster and management
	// cluster. What releases before it made has none.
	ClusterIDLabel = "infrastructure.cluster.x-k8s.io/cluster-id"
	// ControlPlaneOfLabel marks control-plane VMs and their instances with their cluster's id. The load balancer of a cluster
	// selects its backends by it.
	ControlPlaneOfLabel = "infrastructure.cluster.x-k8s.io/control-plane-of"
	// MachineNameLabel holds the name of the HarvesterMachine that a VM belongs to.
	MachineNameLabel = "infrastructure.cluster.x-k8s.io/machine-name"

	// HarvesterCreatorLabel names, to Harvester's dashboard and webhooks, the tool that created a VM.
	HarvesterCreatorLabel = "harvesterhci.io/creator"
	// HarvesterCreatorValue makes Harvester treat a VM as a node of a guest cluster.
	HarvesterCreatorValue = "docker-machine-driver-harvester"
	// LegacyHarvesterCreatorValue is what v0.2.x wrote; VMs that carry it are adopted.
	LegacyHarvesterCreatorValue = "harvester"
	// HarvesterVMNameLabel holds the name of a VM; Harvester selects a VM's instances by it.
	HarvesterVMNameLabel = "harvesterhci.io/vmName"
	// HarvesterGuestClusterLabel holds the name of the guest cluster that a VM is a node of.
	HarvesterGuestClusterLabel = "guestcluster.harvesterhci.io/name"

	// MachineTypeLabel marked control-plane VMs in earlier releases, whose load balancers select their backends by it.
	MachineTypeLabel = "harvestercluster/machinetype"
	// ControlPlaneMachineTypePrefix, followed by the cluster's name, is the value of MachineTypeLabel.
	ControlPlaneMachineTypePrefix = "controlplane-"
)

// Keys and prefixes that other components agree on.
const (
	// IdentitySecretKey is the key of the identity Secret that holds Harvester's kubeconfig.
	IdentitySecretKey = "kubeconfig"
	// ProviderIDPrefix, followed by the UID of a VM on Harvester, is a machine's provider ID.
	ProviderIDPrefix = "harvester://"
)
