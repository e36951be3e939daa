// Package inventory counts everything on a sandbox's Harvester, and in its process table, that a cluster could leave
// behind: as administrator of the API server, past CAPHV.
package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

// Inventory is everything on Harvester that a cluster could leave behind: names
// by kind, all namespaces, whoever made it.
type Inventory map[string]map[string]bool

// kinds a cluster leaves traces of, in the order in which they are told.
var kinds = []struct {
	name string
	list func() client.ObjectList
}{
	{"virtual machines", func() client.ObjectList { return &kubevirtv1.VirtualMachineList{} }},
	{"running instances", func() client.ObjectList { return &kubevirtv1.VirtualMachineInstanceList{} }},
	{"volume claims", func() client.ObjectList { return &corev1.PersistentVolumeClaimList{} }},
	{"secrets", func() client.ObjectList { return &corev1.SecretList{} }},
	{"load balancers", func() client.ObjectList { return &lbv1.LoadBalancerList{} }},
	{"services", func() client.ObjectList { return &corev1.ServiceList{} }},
	{"endpoint slices", func() client.ObjectList { return &discoveryv1.EndpointSliceList{} }},
	{"namespaces", func() client.ObjectList { return &corev1.NamespaceList{} }},
	{"service accounts", func() client.ObjectList { return &corev1.ServiceAccountList{} }},
	{"role bindings", func() client.ObjectList { return &rbacv1.RoleBindingList{} }},
	{"cluster bindings", func() client.ObjectList { return &rbacv1.ClusterRoleBindingList{} }},
}

// Further kinds of the inventory that are no API objects of their own.
const (
	PoolEntries = "pool entries"
	EtcdMembers = "etcd members"
	apiServers  = "guest API servers"
	others      = "other processes"
)

// Take counts.
func Take(ctx context.Context, s *sandbox.Sandbox) (Inventory, error) {
	c, err := s.HarvesterClient()
	if err != nil {
		return nil, err
	}
	found := Inventory{}
	for _, kind := range kinds {
		list := kind.list()
		if err := c.List(ctx, list); err != nil {
			return nil, fmt.Errorf("counting %s on Harvester: %w", kind.name, err)
		}
		found[kind.name] = map[string]bool{}
		err := apimeta.EachListItem(list, func(object runtime.Object) error {
			accessor, err := apimeta.Accessor(object)
			if err == nil {
				found[kind.name][accessor.GetNamespace()+"/"+accessor.GetName()] = true
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("counting %s on Harvester: %w", kind.name, err)
		}
	}
	if found[PoolEntries], err = poolHolders(ctx, c); err != nil {
		return nil, err
	}
	return found, found.addProcesses(s.GuestsDir())
}

// addProcesses counts what runs inside virtual machines, from the process table.
func (i Inventory) addProcesses(dir string) error {
	processes, err := statedir.Processes(dir)
	if err != nil {
		return err
	}
	for _, kind := range []string{EtcdMembers, apiServers, others} {
		i[kind] = map[string]bool{}
	}
	for _, process := range processes {
		switch {
		case strings.HasSuffix(process, " etcd"):
			i[EtcdMembers][process] = true
		case strings.HasSuffix(process, " kube-apiserver"):
			i[apiServers][process] = true
		default:
			i[others][process] = true
		}
	}
	return nil
}

// poolHolders lists who holds which address.
func poolHolders(ctx context.Context, c client.Client) (map[string]bool, error) {
	var pools lbv1.IPPoolList
	if err := c.List(ctx, &pools); err != nil {
		return nil, fmt.Errorf("counting pool entries on Harvester: %w", err)
	}
	holders := map[string]bool{}
	for i := range pools.Items {
		for address, owner := range pools.Items[i].Status.Allocated {
			holders[fmt.Sprintf("%s: %s held by %s", pools.Items[i].Name, address, owner)] = true
		}
	}
	return holders, nil
}

// Kinds are all kinds, in the order in which they are told.
func Kinds() []string {
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.name)
	}
	return append(names, PoolEntries, EtcdMembers, apiServers, others)
}

// Leftovers lists what is there now and was not before, by kind. Pure.
func Leftovers(before, after Inventory) map[string][]string {
	left := map[string][]string{}
	for kind, names := range after {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if !before[kind][name] {
				left[kind] = append(left[kind], name)
			}
		}
	}
	return left
}
