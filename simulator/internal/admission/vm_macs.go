package admission

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// macSource makes random locally administered unicast addresses. Safe for concurrent use.
type macSource struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newMACSource(seed int64) *macSource {
	return &macSource{random: rand.New(rand.NewPCG(uint64(seed), 0x6d6163))}
}

func (s *macSource) next() net.HardwareAddr {
	s.mu.Lock()
	defer s.mu.Unlock()
	mac := make(net.HardwareAddr, 6)
	for i := range mac {
		mac[i] = byte(s.random.UintN(256))
	}
	mac[0] = mac[0]&^1 | 2
	return mac
}

// setMACs gives an address to every interface that has none, unless the annotation knows one for it.
func setMACs(vm *kubevirtv1.VirtualMachine, next func() net.HardwareAddr) {
	observed := observedMACs(vm)
	interfaces := vm.Spec.Template.Spec.Domain.Devices.Interfaces
	for i := range interfaces {
		if _, known := observed[interfaces[i].Name]; interfaces[i].MacAddress == "" && !known {
			interfaces[i].MacAddress = next().String()
		}
	}
}

// observedMACs reads the annotation; one that cannot be read counts as empty.
func observedMACs(vm *kubevirtv1.VirtualMachine) map[string]string {
	observed := map[string]string{}
	if err := json.Unmarshal([]byte(vm.Annotations[kit.MACAnnotation]), &observed); err != nil {
		return nil
	}
	return observed
}

// sharesMAC tells whether two VMs have an interface with the same address on the same cluster network. networks resolve
// a VM's interfaces to cluster networks.
func sharesMAC(a, b *kubevirtv1.VirtualMachine, networksOfA, networksOfB map[string]string) (clusterNetwork string, shared bool) {
	taken := map[string]bool{}
	for _, nic := range b.Spec.Template.Spec.Domain.Devices.Interfaces {
		if nic.MacAddress != "" {
			taken[networksOfB[nic.Name]+" "+nic.MacAddress] = true
		}
	}
	for _, nic := range a.Spec.Template.Spec.Domain.Devices.Interfaces {
		if taken[networksOfA[nic.Name]+" "+nic.MacAddress] {
			return networksOfA[nic.Name], true
		}
	}
	return "", false
}

func duplicateMAC(vm *kubevirtv1.VirtualMachine, clusterNetwork string) error {
	return fmt.Errorf("duplicate mac address present for vm %s for cluster network %s", vm.Name, clusterNetwork)
}
