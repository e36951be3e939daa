package rights

// API groups.
const (
	coreGroup         = ""
	kubevirtGroup     = "kubevirt.io"
	loadBalancerGroup = "loadbalancer.harvesterhci.io"
	harvesterGroup    = "harvesterhci.io"
	networkGroup      = "k8s.cni.cncf.io"
	storageGroup      = "storage.k8s.io"
	rbacGroup         = "rbac.authorization.k8s.io"
	anyGroup          = "*"
)

// All returns the list, made anew for each caller. It is in the order in which a reader looks for things: machines,
// addresses, what machines refer to, the workload cluster's own account, and what a cluster may do without.
func All() []Right {
	return append(append(machines(), references()...), append(cloudAccount(), optional()...)...)
}

// machines are VMs with what belongs to them, load balancers and pools.
func machines() []Right {
	return []Right{
		{
			Group: kubevirtGroup, Resources: []string{"virtualmachines"}, Verbs: []string{"list", "watch"}, Everywhere: true,
			For: "VMs are watched by one request for all namespaces",
		},
		{
			Group: kubevirtGroup, Resources: []string{"virtualmachines"}, Verbs: []string{"get", "create", "patch", "delete"},
			For: "VMs are created, labeled and deleted",
		},
		{
			Group: kubevirtGroup, Resources: []string{"virtualmachineinstances"}, Verbs: []string{"get", "list", "watch"}, Everywhere: true,
			For: "VM instances are looked at: phase, addresses, labels",
		},
		{
			Group: coreGroup, Resources: []string{"secrets"}, Verbs: []string{"get", "create", "update", "patch", "delete"},
			For: "Secrets hold cloud-init data and the token of the workload cluster's account",
		},
		{
			Group: coreGroup, Resources: []string{"persistentvolumeclaims"}, Verbs: []string{"list", "watch"}, Everywhere: true,
			For: "Volumes are watched by one request for all namespaces",
		},
		{
			Group: coreGroup, Resources: []string{"persistentvolumeclaims"}, Verbs: []string{"get", "delete"},
			For: "Volumes that are left over are deleted; Harvester creates them",
		},
		{
			Group: loadBalancerGroup, Resources: []string{"loadbalancers"}, Verbs: []string{"list", "watch"}, Everywhere: true,
			For: "Load balancers are watched by one request for all namespaces, and listed when a pool has lost its entries",
		},
		{
			Group: loadBalancerGroup, Resources: []string{"loadbalancers"}, Verbs: []string{"get", "create", "patch", "delete"},
			For: "The control-plane endpoint is a load balancer",
		},
		{
			Group: loadBalancerGroup, Resources: []string{"ippools"},
			Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}, Everywhere: true,
			For: "Addresses are entered in pools, which have no namespace; the pool of a cluster's load balancer is created with it",
		},
	}
}

// references are what machines refer to.
func references() []Right {
	return []Right{
		{
			Group: harvesterGroup, Resources: []string{"virtualmachineimages"}, Verbs: []string{"list"},
			For: "Machines name an image; where it is in another namespace, the right is needed there",
		},
		{
			Group: harvesterGroup, Resources: []string{"keypairs"}, Verbs: []string{"get"},
			For: "Machines name a key pair; where it is in another namespace, the right is needed there",
		},
		{
			Group: networkGroup, Resources: []string{"network-attachment-definitions"}, Verbs: []string{"get"},
			For: "Machines name networks; where they are in another namespace, the right is needed there",
		},
		{
			Group: harvesterGroup, Resources: []string{"settings"}, Verbs: []string{"get"}, Everywhere: true,
			For: "A setting holds Harvester's version",
		},
		{
			Group: storageGroup, Resources: []string{"storageclasses"}, Verbs: []string{"get"}, Everywhere: true,
			For: "Volumes name a storage class",
		},
		{
			Group: coreGroup, Resources: []string{"namespaces"}, Verbs: []string{"get"}, Everywhere: true,
			For: "The target namespace is looked at, and kube-system, whose UID says which Harvester answers",
		},
	}
}

// cloudAccount is for the account that Harvester's cloud provider and storage driver use in the workload cluster.
func cloudAccount() []Right {
	return []Right{
		{
			Group: coreGroup, Resources: []string{"serviceaccounts"}, Verbs: []string{"get", "create", "delete"},
			For: "The workload cluster's cloud provider has an account of its own",
		},
		{
			Group: rbacGroup, Resources: []string{"rolebindings"}, Verbs: []string{"get", "create", "delete"},
			For: "That account may do what a cloud provider does, in the namespace of the VMs",
		},
		{
			Group: rbacGroup, Resources: []string{"clusterrolebindings"}, Verbs: []string{"get", "create", "delete"}, Everywhere: true,
			For: "That account may read storage classes and settings",
		},
		{
			Group: rbacGroup, Resources: []string{"clusterroles"}, Verbs: []string{"bind"}, Everywhere: true,
			Names: []string{"harvesterhci.io:cloudprovider", "harvesterhci.io:csi-driver"},
			For:   "These two roles are Harvester's; they can be given to an account without holding what is in them",
		},
		{
			Group: coreGroup, Resources: []string{"configmaps"}, Verbs: []string{"get"}, Names: []string{"vip"}, Namespace: "harvester-system",
			For:     "ConfigMap vip in harvester-system holds Harvester's management address",
			Without: "the address for the workload cluster's cloud provider must be set by annotation",
		},
	}
}

// optional is what a cluster comes up and goes without.
func optional() []Right {
	return []Right{
		{
			Group: coreGroup, Resources: []string{"nodes"}, Verbs: []string{"list"}, Everywhere: true,
			For:     "Failure domains are the zones of Harvester's hosts",
			Without: "there are no failure domains",
		},
		{
			Group: coreGroup, Resources: []string{"namespaces"}, Verbs: []string{"create"}, Everywhere: true,
			For:     "A target namespace that is missing is created",
			Without: "the target namespace must exist",
		},
		{
			Group: coreGroup, Resources: []string{"namespaces"}, Verbs: []string{"delete"}, Everywhere: true,
			For:     "A target namespace that was created for the cluster is deleted with it",
			Without: "a target namespace that was created is kept",
		},
		{
			Group: anyGroup, Resources: []string{"*"}, Verbs: []string{"list"},
			For:     "Before that, whether anything is left in the namespace is looked at, whatever its kind. The right includes the content of all Secrets",
			Without: "a target namespace that was created is kept",
		},
		{
			Group: coreGroup, Resources: []string{"secrets", "namespaces"}, Verbs: []string{"watch"}, Everywhere: true,
			For:     "A token that is not issued yet, and a namespace that is being deleted, are waited for by a watch",
			Without: "they are read again every few seconds",
		},
		{
			Group: coreGroup, Resources: []string{"events"}, Verbs: []string{"list"},
			For:     "Where a VM does not start because of a volume, the last warning about the volume says why",
			Without: "a volume that is not bound is named without what its storage driver says",
		},
		{
			Group: coreGroup, Resources: []string{"services"}, Verbs: []string{"get", "delete"},
			For:     "Clusters of releases v0.2.x have a Service beside their load balancer, which is deleted with them",
			Without: "clusters of releases v0.2.x cannot be deleted",
		},
		{
			Group: harvesterGroup, Resources: []string{"keypairs"}, Verbs: []string{"list"}, Everywhere: true,
			For:     "caphv-generate --interactive lists what can be chosen",
			Without: "caphv-generate --interactive lists no key pairs",
		},
		{
			Group: networkGroup, Resources: []string{"network-attachment-definitions"}, Verbs: []string{"list"}, Everywhere: true,
			For:     "caphv-generate --interactive lists what can be chosen",
			Without: "caphv-generate --interactive lists no networks",
		},
	}
}
