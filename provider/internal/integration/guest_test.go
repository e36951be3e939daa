package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func (w *world) userData(machine string) string {
	w.t.Helper()
	return string(get(w, w.harvester, w.target, machine+"-cloud-init", &corev1.Secret{}).Data["userdata"])
}

// The image is called sles.qcow2 and has no label.
func TestAMachineOfSLESGetsItsGateway(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	w.provisionCluster()
	gateway := `["ip", "route", "replace", "default", "via", "` + w.subnet + `.1", "dev", "eth0"]`
	w.createMachine("m-1", false)
	w.settleMachine("m-1", hasProviderID)
	assert.Contains(t, w.userData("m-1"), gateway)
	assert.Contains(t, w.userData("m-1"), `- "qemu-guest-agent"`)

	w.createMachine("m-2", false, func(machine *infrav1.HarvesterMachine) {
		machine.Spec.Guest = &infrav1.Guest{
			NetworkDataVersion: infrav1.NetworkDataV1, Quirks: []infrav1.Quirk{infrav1.QuirkNone}, InstallAgent: ptrTo(false),
		}
	})
	w.settleMachine("m-2", hasProviderID)
	assert.NotContains(t, w.userData("m-2"), "bootcmd", "the user knows better")
	assert.NotContains(t, w.userData("m-2"), `- "qemu-guest-agent"`)
	assert.Contains(t, w.userData("m-2"), "qemu-guest-agent.service", "it is in the image")
	assert.Contains(t, w.networkData("m-2"), "version: 1")
}

// Interfaces that are not to have an address from a pool take none, the first one included, whatever the cluster's pools are.
func TestInterfacesByDHCPAndWithoutAddressesTakeNoneFromPools(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(3)
	w.provisionCluster()
	w.createMachine("m-1", false,
		withCard(0, infrav1.NetworkInterface{Addressing: infrav1.AddressingDHCP}),
		withCard(1, infrav1.NetworkInterface{Addressing: infrav1.AddressingNone, Optional: ptrTo(true)}))
	machine := w.settleMachine("m-1", hasProviderID)
	assert.Equal(t, "True/"+infrav1.AddressFromDHCPReason, w.addressCondition(machine))
	assert.Empty(t, machine.Status.AllocatedAddresses)
	w.createMachine("m-2", false, withCard(1, infrav1.NetworkInterface{Addresses: []string{"10.231.0.7/24"}}))
	w.settleMachine("m-2", hasProviderID)
	w.createMachine("m-3", false, withCard(0, infrav1.NetworkInterface{Addresses: []string{"10.231.0.8/24"}, Gateway: "10.231.0.1"}))
	fixed := w.settleMachine("m-3", hasProviderID)
	assert.Equal(t, "True/"+infrav1.AddressFixedReason, w.addressCondition(fixed))
	assert.Len(t, w.readPool(w.pool).Status.Allocated, 1, "only the first interface of m-2 has one")

	data := w.networkData("m-1")
	assert.Contains(t, data, "dhcp4: true")
	assert.Contains(t, data, "optional: true")
	assert.NotContains(t, data, "use-routes", "the first interface leads out")
	assert.Contains(t, w.networkData("m-2"), `- "10.231.0.7/24"`)
	assert.Contains(t, w.networkData("m-3"), `gateway4: "10.231.0.1"`)
}
