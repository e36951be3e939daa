package harvestermachine

import (
	"net/netip"

	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// scope is what one reconcile of one machine knows.
type scope struct {
	// machine is the object being reconciled; phases change it in memory, and it is written once at the end.
	machine *infrav1.HarvesterMachine
	// owner is the Machine that owns it. Nil only during deletion, when the owner reference leads nowhere.
	owner *clusterv1.Machine
	// lostOwner names the owner, of the Machine or further up, for whose sake the Machine is being deleted although it does
	// not exist. Empty when there is none such. Only deletion looks for it.
	lostOwner string
	// cluster is the Cluster the machine belongs to. Nil only during deletion, when there is none any more.
	cluster *clusterv1.Cluster
	// infraCluster is the cluster's HarvesterCluster. Nil when it does not exist (yet, or any more).
	infraCluster *infrav1.HarvesterCluster

	// harvester is the connection. Nil until the prepare phase (or its counterpart in deletion) has made it.
	harvester *harvesterclient.Connection
	// made tells that this very reconcile made, or tried to make, something on Harvester.
	made bool
	// vmName is the name of the VM, the Node and the guest's host. Empty until prepared.
	vmName string
	// vm is this machine's VM as it was last seen. Nil when it does not exist.
	vm *kubevirtv1.VirtualMachine
	// vmi is the VM's running instance. Nil when it is not running, or has not been seen.
	vmi *kubevirtv1.VirtualMachineInstance
	// foreign is a VM of our name that is not this machine's. Nil when there is none.
	foreign *kubevirtv1.VirtualMachine

	// references are the objects on Harvester that the spec names. Filled only while there is no VM yet.
	references references
	// legacyOwner is the id of v0.2.x under which a pool holds an address of this machine. Empty if there is none, or if it
	// is a load balancer's.
	legacyOwner string
	// leases are the addresses from pools on Harvester, by network card. Empty until the address phase.
	leases map[int]ipam.Lease
	// claims are the addresses that IPAddressClaims were given, by network card. Empty until the address phase.
	claims map[int][]claimedAddress
}

// clusterName is the name of the Cluster, which the label holds even when the Cluster is gone.
func (s *scope) clusterName() string {
	if s.cluster != nil {
		return s.cluster.Name
	}
	return s.machine.Labels[clusterv1.ClusterNameLabel]
}

// measured is what metrics call the cluster.
func (s *scope) measured() observability.Cluster {
	return observability.Cluster{Namespace: s.machine.Namespace, Name: s.clusterName()}
}

func (s *scope) clusterKey() client.ObjectKey {
	return client.ObjectKey{Namespace: s.machine.Namespace, Name: s.clusterName()}
}

// request is what the work queue calls this machine.
func (s *scope) request() ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.machine)}
}

// targetNamespace is the namespace on Harvester.
func (s *scope) targetNamespace() string { return s.infraCluster.Spec.TargetNamespace }

func (s *scope) vmKey() client.ObjectKey {
	return client.ObjectKey{Namespace: s.targetNamespace(), Name: s.vmName}
}

// controlPlane tells whether this is a machine of the control plane; the label is on the Machine and on its
// infrastructure alike, so that it is known when the Machine is gone.
func (s *scope) controlPlane() bool {
	if _, labelled := s.machine.Labels[clusterv1.MachineControlPlaneLabel]; labelled {
		return true
	}
	if s.owner == nil {
		return false
	}
	_, labelled := s.owner.Labels[clusterv1.MachineControlPlaneLabel]
	return labelled
}

// whose says whose cluster the machine is of, for names and labels on Harvester.
func (s *scope) whose() names.Cluster {
	if s.infraCluster == nil {
		return names.ClusterOf(nil, s.machine.Namespace, s.clusterName())
	}
	return names.ClusterOf(s.infraCluster, s.machine.Namespace, s.clusterName())
}

// identity says whose machine this is, for labels on Harvester.
func (s *scope) identity() names.Machine {
	deployment := s.machine.Labels[clusterv1.MachineDeploymentNameLabel]
	if s.owner != nil {
		deployment = s.owner.Labels[clusterv1.MachineDeploymentNameLabel]
	}
	return names.Machine{
		Cluster: s.whose(), Name: s.machine.Name, VM: s.vmName,
		ControlPlane: s.controlPlane(),
		Group:        names.SpreadGroup(s.machine.Namespace, s.clusterName(), deployment, s.controlPlane()),
	}
}

// addressOwners are the ids under which a pool may hold this machine's address, the present one first.
func (s *scope) addressOwners() []string {
	owners := []string{names.AddressOwner(s.targetNamespace(), s.vmName)}
	if s.legacyOwner != "" {
		owners = append(owners, s.legacyOwner)
	}
	return owners
}

// allocatedAddress is the address that the status records; the zero address when it records none.
func (s *scope) allocatedAddress() netip.Addr {
	addr, err := netip.ParseAddr(s.machine.Status.AllocatedIPAddress)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// failureDomain is the zone to run in; the Machine's wins over the template's. Empty when neither names one.
func (s *scope) failureDomain() string {
	if s.owner != nil && s.owner.Spec.FailureDomain != "" {
		return s.owner.Spec.FailureDomain
	}
	return s.machine.Spec.FailureDomain
}
