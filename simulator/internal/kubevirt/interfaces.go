package kubevirt

import (
	"slices"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// Where an interface's data come from, as infoSource says.
const (
	fromDomain = "domain"
	fromAgent  = "guest-agent"
	fromMultus = "multus-status"
)

// Interfaces is what an instance's status says of its network: every interface of the spec with its MAC, and, once the
// agent answers, its addresses; then what only the agent knows, such as bridges, under an empty name.
func Interfaces(vmi *kubevirtv1.VirtualMachineInstance, reported []guestapi.GuestAddress) []kubevirtv1.VirtualMachineInstanceNetworkInterface {
	var list []kubevirtv1.VirtualMachineInstanceNetworkInterface
	used := make([]bool, len(reported))
	for _, nic := range vmi.Spec.Domain.Devices.Interfaces {
		entry := kubevirtv1.VirtualMachineInstanceNetworkInterface{
			Name: nic.Name, MAC: macOf(vmi, nic), LinkState: "up", QueueCount: 1,
		}
		sources := []string{fromDomain}
		if at := slices.IndexFunc(reported, func(report guestapi.GuestAddress) bool { return belongs(report, entry) }); at >= 0 {
			used[at] = true
			addAddresses(&entry, reported[at])
			sources = append(sources, fromAgent)
		}
		if multusNetwork(vmi, nic.Name) != "" {
			sources = append(sources, fromMultus)
		}
		entry.InfoSource = strings.Join(sources, ", ")
		list = append(list, entry)
	}
	for i, report := range reported {
		if used[i] {
			continue
		}
		entry := kubevirtv1.VirtualMachineInstanceNetworkInterface{MAC: report.MAC, InfoSource: fromAgent}
		addAddresses(&entry, report)
		list = append(list, entry)
	}
	return list
}

// belongs matches what the agent says to an interface of the spec, by MAC as KubeVirt does, or by name where the guest
// does not know the MAC.
func belongs(report guestapi.GuestAddress, entry kubevirtv1.VirtualMachineInstanceNetworkInterface) bool {
	if report.MAC != "" {
		return strings.EqualFold(report.MAC, entry.MAC)
	}
	return report.NIC != "" && report.NIC == entry.Name
}

func addAddresses(entry *kubevirtv1.VirtualMachineInstanceNetworkInterface, report guestapi.GuestAddress) {
	entry.InterfaceName = report.Interface
	for _, addr := range report.IPs {
		entry.IPs = append(entry.IPs, addr.String())
	}
	if len(entry.IPs) > 0 {
		entry.IP = entry.IPs[0]
	}
}
