package hostvm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func TestAnnotateMachine(t *testing.T) {
	vm := &kubevirtv1.VirtualMachine{Spec: kubevirtv1.VirtualMachineSpec{RunStrategy: ptr.To(kubevirtv1.RunStrategyManual)}}
	assert.True(t, AnnotateMachine(vm, nil))
	assert.Equal(t, map[string]string{kit.RunStrategyAnnotation: "Manual"}, vm.Annotations)
	assert.False(t, AnnotateMachine(vm, nil))

	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	assert.False(t, AnnotateMachine(vm, nil), "a halt does not overwrite what ran before")

	vmi := &kubevirtv1.VirtualMachineInstance{}
	vmi.Status.Interfaces = []kubevirtv1.VirtualMachineInstanceNetworkInterface{{Name: "nic-0", MAC: "52:54:00:00:00:01"}, {MAC: "02:00:00:00:00:09"}}
	assert.True(t, AnnotateMachine(vm, vmi))
	assert.JSONEq(t, `{"nic-0":"52:54:00:00:00:01"}`, vm.Annotations[kit.MACAnnotation])
	assert.False(t, AnnotateMachine(vm, vmi))
}

func TestSyncLabels(t *testing.T) {
	vm := &kubevirtv1.VirtualMachine{Spec: kubevirtv1.VirtualMachineSpec{Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"role": "cp", "kubevirt.io/mine": "no"}},
	}}}
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"role": "worker", "stray": "x", "kubevirt.io/nodeName": "a"}}}
	assert.True(t, SyncLabels(vm, vmi))
	assert.Equal(t, map[string]string{"role": "cp", "kubevirt.io/nodeName": "a"}, vmi.Labels)
	assert.False(t, SyncLabels(vm, vmi))
	assert.False(t, SyncLabels(&kubevirtv1.VirtualMachine{}, vmi))
}

func TestTopologyNeedsTheNodeDriversLabel(t *testing.T) {
	host := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{corev1.LabelHostname: "a", corev1.LabelTopologyZone: "east", "other": "x"}}}
	vmi := &kubevirtv1.VirtualMachineInstance{}
	assert.False(t, Topology(vmi, host))
	assert.Empty(t, vmi.Annotations)
	vmi.Labels = map[string]string{kit.CreatorLabel: kit.NodeDriver}
	assert.True(t, Topology(vmi, host))
	assert.Equal(t, map[string]string{corev1.LabelHostname: "a", corev1.LabelTopologyZone: "east"}, vmi.Annotations)
	assert.False(t, Topology(vmi, host))
}
