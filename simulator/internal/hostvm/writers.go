package hostvm

import (
	"encoding/json"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// AnnotateMachine writes what Harvester remembers of a VM into its annotations. vmi is nil when the VM is off. It
// returns whether anything changed.
func AnnotateMachine(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) bool {
	before := maps.Clone(vm.Annotations)
	if vm.Annotations == nil {
		vm.Annotations = map[string]string{}
	}
	if strategy := vm.Spec.RunStrategy; strategy != nil && *strategy != kubevirtv1.RunStrategyHalted {
		vm.Annotations[kit.RunStrategyAnnotation] = string(*strategy)
	}
	if macs := macsOf(vmi); len(macs) > 0 {
		if text, err := json.Marshal(macs); err == nil {
			vm.Annotations[kit.MACAnnotation] = string(text)
		}
	}
	return !maps.Equal(before, vm.Annotations)
}

func macsOf(vmi *kubevirtv1.VirtualMachineInstance) map[string]string {
	if vmi == nil {
		return nil
	}
	macs := map[string]string{}
	for _, nic := range vmi.Status.Interfaces {
		if nic.Name != "" && nic.MAC != "" {
			macs[nic.Name] = nic.MAC
		}
	}
	return macs
}

// SyncLabels makes an instance's labels those of its VM's template. KubeVirt's own labels are left alone, all others
// that the template lacks are removed. It returns whether anything changed.
func SyncLabels(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) bool {
	if vm.Spec.Template == nil {
		return false
	}
	want := map[string]string{}
	for key, value := range vmi.Labels {
		if isKubeVirts(key) {
			want[key] = value
		}
	}
	for key, value := range vm.Spec.Template.ObjectMeta.Labels {
		if !isKubeVirts(key) {
			want[key] = value
		}
	}
	if maps.Equal(want, vmi.Labels) {
		return false
	}
	vmi.Labels = want
	return true
}

func isKubeVirts(label string) bool { return strings.HasPrefix(label, "kubevirt.io/") }

// topologyKeys are the host's labels that guests' cloud providers look for.
var topologyKeys = []string{corev1.LabelTopologyZone, corev1.LabelTopologyRegion, corev1.LabelHostname}

// Topology copies where the host stands into the annotations of an instance, but only of one that follows the node
// driver's conventions. It returns whether anything changed.
func Topology(vmi *kubevirtv1.VirtualMachineInstance, host *corev1.Node) bool {
	if vmi.Labels[kit.CreatorLabel] != kit.NodeDriver {
		return false
	}
	changed := false
	for _, key := range topologyKeys {
		value, ok := host.Labels[key]
		if !ok || vmi.Annotations[key] == value {
			continue
		}
		if vmi.Annotations == nil {
			vmi.Annotations = map[string]string{}
		}
		vmi.Annotations[key] = value
		changed = true
	}
	return changed
}
