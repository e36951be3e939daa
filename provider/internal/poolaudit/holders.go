package poolaudit

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// Holders are the owner ids of all that exists and may hold an address, with what it is.
type Holders struct {
	ids map[string]string
	// legacy are the names of all VMs: releases up to v0.2 wrote the namespace of the machine, not that of its VM.
	legacy map[string]string
}

// NewHolders returns an empty set.
func NewHolders() *Holders { return &Holders{ids: map[string]string{}, legacy: map[string]string{}} }

// AddVM adds a virtual machine on Harvester.
func (h *Holders) AddVM(namespace, name string) {
	what := fmt.Sprintf("VirtualMachine %s/%s", namespace, name)
	h.ids[names.AddressOwner(namespace, name)] = what
	h.legacy[name] = what
}

// AddLoadBalancer adds a load balancer on Harvester.
func (h *Holders) AddLoadBalancer(namespace, name string) {
	h.ids[names.LoadBalancerOwner(namespace, name)] = fmt.Sprintf("LoadBalancer %s/%s", namespace, name)
}

// AddMachine adds a HarvesterMachine, whose VM may not be there yet, in each of the namespaces on Harvester that it may
// belong to.
func (h *Holders) AddMachine(namespace, name string, targetNamespaces ...string) {
	what := fmt.Sprintf("HarvesterMachine %s/%s", namespace, name)
	for _, target := range targetNamespaces {
		if id := names.AddressOwner(target, name); h.ids[id] == "" {
			h.ids[id] = what
		}
	}
	if id := names.LegacyAddressOwner(namespace, name); h.ids[id] == "" {
		h.ids[id] = what
	}
}

// AddClaim adds an IPAddressClaim that is served from pools on Harvester, by the id that its annotation holds.
func (h *Holders) AddClaim(namespace, name, id string) {
	if names.IsClaimAddressOwner(id, namespace, name) {
		h.ids[id] = fmt.Sprintf("IPAddressClaim %s/%s", namespace, name)
	}
}

// Who is what holds addresses under an id; empty if there is nothing of the kind. All network cards of a VM are the VM.
func (h *Holders) Who(id string) string {
	if namespace, vm, ours := names.VMOfAddressOwner(id); ours {
		id = names.AddressOwner(namespace, vm)
	}
	if what := h.ids[id]; what != "" {
		return what
	}
	if _, name, slash := strings.Cut(id, "/"); slash {
		return h.legacy[name]
	}
	return ""
}

// ReadHarvester gathers the pools of a Harvester, and the virtual machines and load balancers that may hold addresses.
func ReadHarvester(ctx context.Context, c client.Reader, holders *Holders) ([]lbv1.IPPool, error) {
	// The pools come first: what takes an address later cannot look like a leak for want of its holder.
	pools := &lbv1.IPPoolList{}
	if err := c.List(ctx, pools); err != nil {
		return nil, fmt.Errorf("list the IPPools of Harvester: %w", err)
	}
	for _, kind := range []struct {
		version schema.GroupVersion
		name    string
		add     func(namespace, name string)
	}{{kubevirtv1.GroupVersion, "VirtualMachine", holders.AddVM}, {lbv1.GroupVersion, "LoadBalancer", holders.AddLoadBalancer}} {
		objects := &metav1.PartialObjectMetadataList{}
		objects.SetGroupVersionKind(kind.version.WithKind(kind.name + "List"))
		if err := c.List(ctx, objects); err != nil {
			return nil, fmt.Errorf("list the %ss of Harvester: %w", kind.name, err)
		}
		for _, object := range objects.Items {
			kind.add(object.Namespace, object.Name)
		}
	}
	return pools.Items, nil
}

// ReadManagement adds the HarvesterMachines of a management cluster, and the IPAddressClaims that it serves from Harvester.
func ReadManagement(ctx context.Context, c client.Reader, holders *Holders) error {
	clusters, machines := &infrav1.HarvesterClusterList{}, &infrav1.HarvesterMachineList{}
	if err := c.List(ctx, clusters, client.UnsafeDisableDeepCopy); err != nil { // They are looked at only.
		return fmt.Errorf("list the HarvesterClusters: %w", err)
	}
	if err := c.List(ctx, machines, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list the HarvesterMachines: %w", err)
	}
	targets := map[string][]string{}
	for i := range clusters.Items {
		cluster := &clusters.Items[i]
		targets[cluster.Namespace] = append(targets[cluster.Namespace], cluster.Spec.TargetNamespace)
	}
	for i := range machines.Items {
		machine := &machines.Items[i]
		holders.AddMachine(machine.Namespace, machine.Name, targets[machine.Namespace]...)
	}
	return readClaims(ctx, c, holders)
}

// readClaims adds the claims, if the management cluster knows their kind.
func readClaims(ctx context.Context, c client.Reader, holders *Holders) error {
	claims := &ipamv1.IPAddressClaimList{}
	err := c.List(ctx, claims, client.UnsafeDisableDeepCopy)
	if meta.IsNoMatchError(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list the IPAddressClaims: %w", err)
	}
	for _, claim := range claims.Items {
		holders.AddClaim(claim.Namespace, claim.Name, claim.Annotations[infrav1.AddressOwnerAnnotation])
	}
	return nil
}
