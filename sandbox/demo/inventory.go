package demo

import (
	"context"
	"errors"
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

// inventory is everything on Harvester that a cluster could leave behind: names
// by kind, all namespaces, whoever made it.
type inventory map[string]map[string]bool

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
	poolEntries = "pool entries"
	etcdMembers = "etcd members"
	apiServers  = "guest API servers"
	others      = "other processes"
)

// takeInventory counts past CAPHV, as administrator of the API server, and in
// the process table.
func takeInventory(ctx context.Context, s *sandbox.Sandbox) (inventory, error) {
	c, err := s.HarvesterClient()
	if err != nil {
		return nil, err
	}
	found := inventory{}
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
	if found[poolEntries], err = poolHolders(ctx, c); err != nil {
		return nil, err
	}
	return found, found.addProcesses(s.GuestsDir())
}

// addProcesses counts what runs inside virtual machines, from the process table.
func (i inventory) addProcesses(dir string) error {
	processes, err := statedir.Processes(dir)
	if err != nil {
		return err
	}
	for _, kind := range []string{etcdMembers, apiServers, others} {
		i[kind] = map[string]bool{}
	}
	for _, process := range processes {
		switch {
		case strings.HasSuffix(process, " etcd"):
			i[etcdMembers][process] = true
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

// order in which an inventory is told.
func order() []string {
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.name)
	}
	return append(names, poolEntries, etcdMembers, apiServers, others)
}

// leftovers lists what is there now and was not before, by kind. Pure.
func leftovers(before, after inventory) map[string][]string {
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

// prove counts what the cluster left behind; anything but zero is an error.
func (d *demo) prove(ctx context.Context) error {
	err := await(ctx, func(ctx context.Context) (string, error) {
		now, err := takeInventory(ctx, d.sandbox)
		if err != nil {
			return "", err
		}
		if left := leftovers(d.inventory, now); len(left) > 0 {
			return fmt.Sprintf("the end of %v", left), nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	d.line.Detail("%-20s %10s %10s", "on Harvester", "then", "now")
	for _, kind := range order() {
		d.line.Detail("%-20s %10d %10d", kind, len(d.heyday[kind]), 0)
	}
	d.line.Event("nothing left behind")
	return nil
}

// checkHeyday says what a complete cluster should have and has not; without it,
// finding nothing at the end would prove nothing. Pure.
func checkHeyday(heyday map[string][]string, controlPlanes, machines int) error {
	var errs []error
	for _, want := range []struct {
		kind  string
		count int
	}{
		{"virtual machines", machines}, {"running instances", machines}, {"volume claims", machines}, {"secrets", machines + 1},
		{"load balancers", 1}, {"service accounts", 1}, {"role bindings", 1}, {"cluster bindings", 1}, {poolEntries, machines}, {etcdMembers, controlPlanes},
	} {
		if got := len(heyday[want.kind]); got != want.count {
			errs = append(errs, fmt.Errorf("%d %s, not %d: %v", got, want.kind, want.count, heyday[want.kind]))
		}
	}
	return errors.Join(errs...)
}
