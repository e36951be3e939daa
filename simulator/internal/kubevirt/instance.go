package kubevirt

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// NewInstance is the instance by which a VM is started: of the same name, with labels, annotations and spec of the
// template, owned by the VM.
func NewInstance(vm *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachineInstance {
	template := vm.Spec.Template.DeepCopy()
	vmi := &kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: vm.Namespace, Name: vm.Name,
			Labels:      maps.Clone(template.ObjectMeta.Labels),
			Annotations: maps.Clone(template.ObjectMeta.Annotations),
			Finalizers:  []string{kubevirtv1.VirtualMachineControllerFinalizer, kubevirtv1.VirtualMachineInstanceFinalizer},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachine", Name: vm.Name, UID: vm.UID,
				Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
			}},
		},
		Spec: template.Spec,
	}
	known := map[string]string{}
	if err := json.Unmarshal([]byte(vm.Annotations[kit.MACAnnotation]), &known); err != nil {
		known = nil
	}
	interfaces := vmi.Spec.Domain.Devices.Interfaces
	for i := range interfaces {
		if interfaces[i].MacAddress == "" {
			interfaces[i].MacAddress = known[interfaces[i].Name]
		}
	}
	return vmi
}

// macOf is an interface's address: that of the spec, or one that the hypervisor makes up, new at every start.
func macOf(vmi *kubevirtv1.VirtualMachineInstance, nic kubevirtv1.Interface) string {
	if nic.MacAddress != "" {
		return nic.MacAddress
	}
	sum := sha256.Sum256([]byte(string(vmi.UID) + "/" + nic.Name))
	return net.HardwareAddr{0x52, 0x54, 0x00, sum[0], sum[1], sum[2]}.String()
}

// multusNetwork is the network that an interface is on, empty for the pod network.
func multusNetwork(vmi *kubevirtv1.VirtualMachineInstance, nic string) string {
	for _, network := range vmi.Spec.Networks {
		if network.Name == nic && network.Multus != nil {
			return network.Multus.NetworkName
		}
	}
	return ""
}

// setPhase moves an instance to a phase and notes when.
func setPhase(vmi *kubevirtv1.VirtualMachineInstance, phase kubevirtv1.VirtualMachineInstancePhase, now metav1.Time) {
	if vmi.Status.Phase == phase {
		return
	}
	vmi.Status.Phase = phase
	vmi.Status.PhaseTransitionTimestamps = append(vmi.Status.PhaseTransitionTimestamps,
		kubevirtv1.VirtualMachineInstancePhaseTransitionTimestamp{Phase: phase, PhaseTransitionTimestamp: now})
}
