package balancer

import (
	"cmp"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Server is a machine that traffic can go to.
type Server struct {
	Name    string
	UID     types.UID
	Address string
	// Labels are the instance's.
	Labels map[string]string
}

// Servers picks the backends out of a namespace's instances. matched counts those that the selector names, with or
// without an address. An empty selector names none.
func Servers(lb *lbv1.LoadBalancer, instances []kubevirtv1.VirtualMachineInstance) (servers []Server, matched int) {
	for i := range instances {
		vmi := &instances[i]
		if !vmi.DeletionTimestamp.IsZero() || !selects(lb.Spec.BackendServerSelector, vmi.Labels) {
			continue
		}
		matched++
		if address, ok := firstIPv4(vmi); ok {
			servers = append(servers, Server{Name: vmi.Name, UID: vmi.UID, Address: address, Labels: vmi.Labels})
		}
	}
	slices.SortFunc(servers, func(a, b Server) int { return cmp.Compare(a.Name, b.Name) })
	return servers, matched
}

// selects tells whether labels carry, for every key, one of its values.
func selects(selector map[string][]string, labels map[string]string) bool {
	for key, values := range selector {
		value, ok := labels[key]
		if !ok || !slices.Contains(values, value) {
			return false
		}
	}
	return len(selector) > 0
}

// firstIPv4 is the first interface's primary address that is IPv4, whatever network it is on.
func firstIPv4(vmi *kubevirtv1.VirtualMachineInstance) (string, bool) {
	for _, nic := range vmi.Status.Interfaces {
		if addr, err := netip.ParseAddr(nic.IP); err == nil && addr.Is4() {
			return nic.IP, true
		}
	}
	return "", false
}
