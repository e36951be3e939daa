package v1alpha1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func ptrTo[T any](value T) *T { return &value }

func machineUp(t *testing.T, src *v1alpha1.HarvesterMachine) *infrav1.HarvesterMachine {
	t.Helper()
	dst := &infrav1.HarvesterMachine{}
	require.NoError(t, v1alpha1.MachineToHub(src, dst))
	return dst
}

func machineDown(t *testing.T, src *infrav1.HarvesterMachine) *v1alpha1.HarvesterMachine {
	t.Helper()
	dst := &v1alpha1.HarvesterMachine{}
	require.NoError(t, v1alpha1.MachineFromHub(src, dst))
	return dst
}

func withoutAnnotations(machine *infrav1.HarvesterMachine) *infrav1.HarvesterMachine {
	machine = machine.DeepCopy()
	machine.Annotations = nil
	return machine
}

var since = metav1.NewTime(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC))

// What v0.2.x wrote must become what the schema of v1beta1 takes, or no status could be written after an upgrade.
func TestConditionsAreTranslated(t *testing.T) {
	long := strings.Repeat("é", 40000)
	for name, test := range map[string]struct {
		old  v1alpha1.Condition
		want metav1.Condition
	}{
		"no reason": {
			v1alpha1.Condition{Type: "MachineCreated", Status: "True", LastTransitionTime: since},
			metav1.Condition{Type: "MachineCreated", Status: "True", LastTransitionTime: since, Reason: "NoReasonReported"},
		},
		"a reason in CamelCase": {
			v1alpha1.Condition{Type: "VMRunning", Status: "False", Severity: "Info", LastTransitionTime: since, Reason: "VMStarting", Message: "m"},
			metav1.Condition{Type: "VMRunning", Status: "False", LastTransitionTime: since, Reason: "VMStarting", Message: "m"},
		},
		"free text": {
			v1alpha1.Condition{Type: "VMRunning", Status: "False", LastTransitionTime: since, Reason: "2 VMs: can't be reached"},
			metav1.Condition{Type: "VMRunning", Status: "False", LastTransitionTime: since, Reason: "VMsCanTBeReached", Message: "2 VMs: can't be reached"},
		},
		"no letters, no time": {
			v1alpha1.Condition{Type: "VMRunning", Status: "Maybe", Reason: "42 ...", Message: "kept"},
			metav1.Condition{Type: "VMRunning", Status: "Unknown", LastTransitionTime: metav1.Unix(0, 0), Reason: "NoReasonReported", Message: "kept"},
		},
		"too long": {
			v1alpha1.Condition{Type: "VMRunning", Status: "Unknown", LastTransitionTime: since, Reason: strings.Repeat("a", 2000), Message: long},
			metav1.Condition{Type: "VMRunning", Status: "Unknown", LastTransitionTime: since, Reason: "A" + strings.Repeat("a", 1023), Message: string([]rune(long)[:32768])},
		},
	} {
		t.Run(name, func(t *testing.T) {
			old := &v1alpha1.HarvesterMachine{Status: v1alpha1.HarvesterMachineStatus{Conditions: []v1alpha1.Condition{test.old}}}
			hub := machineUp(t, old)
			requireEqual(t, &infrav1.HarvesterMachine{Status: infrav1.HarvesterMachineStatus{Conditions: []metav1.Condition{test.want}}}, withoutAnnotations(hub))
			requireEqual(t, old, machineDown(t, hub), "nothing is lost")
		})
	}
	t.Run("a type twice", func(t *testing.T) {
		twice := []v1alpha1.Condition{
			{Type: "A", Status: "True", LastTransitionTime: since}, {Type: "A", Status: "False", LastTransitionTime: since},
		}
		old := &v1alpha1.HarvesterMachine{Status: v1alpha1.HarvesterMachineStatus{Conditions: twice}}
		hub := machineUp(t, old)
		assert.Len(t, hub.Status.Conditions, 1, "v1beta1 has each type once")
		requireEqual(t, old, machineDown(t, hub))
	})
	t.Run("to a reader of v1alpha1 a False has a severity", func(t *testing.T) {
		hub := &infrav1.HarvesterMachine{Status: infrav1.HarvesterMachineStatus{Conditions: []metav1.Condition{
			{Type: "A", Status: "False", Reason: "R", LastTransitionTime: since}, {Type: "B", Status: "True", Reason: "R", LastTransitionTime: since},
		}}}
		conditions := machineDown(t, hub).Status.Conditions
		assert.Equal(t, "Warning", conditions[0].Severity)
		assert.Empty(t, conditions[1].Severity)
	})
}

// A user of v1alpha1 changes a machine that uses what v1beta1 brought: the change holds, and nothing else changes.
func TestChangesOfTheOldVersionHold(t *testing.T) {
	hub := &infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{Name: "m", Annotations: map[string]string{"mine": "yes"}},
		Spec: infrav1.HarvesterMachineSpec{
			CPU: 2, Memory: "4Gi", Volumes: []infrav1.Volume{{VolumeType: "image", ImageName: "a"}}, Networks: []string{"n"},
			Firmware: &infrav1.Firmware{EFI: ptrTo(true)}, TPM: &infrav1.TPM{Enabled: ptrTo(true)}, CPUModel: "host-model",
			VMNetworkConfig: &infrav1.MachineVMNetworkConfig{IPPoolRefs: []string{"p"}},
		},
		Status: infrav1.HarvesterMachineStatus{FailureDomain: "zone-1", Conditions: []metav1.Condition{
			{Type: "VMRunning", Status: "True", Reason: "VMRunning", ObservedGeneration: 7, LastTransitionTime: since},
			{Type: "VMIPAllocated", Status: "True", Reason: "AddressAllocated", ObservedGeneration: 8, LastTransitionTime: since},
		}},
	}
	old := machineDown(t, hub)
	require.Contains(t, old.Annotations, v1alpha1.HubDataAnnotation)
	old.Spec.CPU = 8
	old.Spec.Networks = []string{"other", "n"}
	old.Spec.Volumes = append([]v1alpha1.Volume{{VolumeType: "storageClass", StorageClass: "s"}}, old.Spec.Volumes...)
	old.Status.Conditions = append([]v1alpha1.Condition{{Type: "New", Status: "True", LastTransitionTime: since}}, old.Status.Conditions...)
	old.Status.Conditions[2].Status, old.Status.Conditions[2].Severity, old.Status.Conditions[2].Reason = "False", "Error", "PoolExhausted"

	want := hub.DeepCopy()
	want.Spec.CPU = 8
	want.Spec.Networks = []string{"other", "n"}
	want.Spec.Volumes = append([]infrav1.Volume{{VolumeType: "storageClass", StorageClass: "s"}}, want.Spec.Volumes...)
	want.Status.Conditions = append([]metav1.Condition{{Type: "New", Status: "True", Reason: "NoReasonReported", LastTransitionTime: since}}, want.Status.Conditions...)
	want.Status.Conditions[2].Status, want.Status.Conditions[2].Reason = "False", "PoolExhausted"
	got := machineUp(t, old)
	assert.JSONEq(t, `{"status": {"conditions": [
		{"type": "New", "status": "True", "lastTransitionTime": "2025-01-02T03:04:05Z"},
		{"type": "VMRunning", "status": "True", "reason": "VMRunning", "observedGeneration": 7, "lastTransitionTime": "2025-01-02T03:04:05Z"},
		{"type": "VMIPAllocated", "status": "False", "severity": "Error", "reason": "PoolExhausted", "observedGeneration": 8, "lastTransitionTime": "2025-01-02T03:04:05Z"}
	]}}`, got.Annotations[v1alpha1.DataAnnotation], "and v1beta1 keeps the severity")
	delete(got.Annotations, v1alpha1.DataAnnotation)
	requireEqual(t, want, got)
}

// After an upgrade the provider writes v1beta1; who reads v1alpha1 still sees what it did not change.
func TestWhatOnlyTheOldVersionSaysStays(t *testing.T) {
	old := &v1alpha1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "c", Finalizers: []string{infrav1.LegacyClusterFinalizer}},
		Status: v1alpha1.HarvesterClusterStatus{
			Ready: true, FailureReason: "CreateError", FailureMessage: "quota",
			Conditions: []v1alpha1.Condition{
				{Type: "LoadBalancerReady", Status: "False", Severity: "Info", Reason: "waiting for it", LastTransitionTime: since},
				{Type: "CustomIPPoolCreated", Status: "False", Severity: "Error", Reason: "Failed", LastTransitionTime: since},
			},
		},
	}
	hub := &infrav1.HarvesterCluster{}
	require.NoError(t, v1alpha1.ClusterToHub(old, hub))
	assert.True(t, hub.Status.Initialization.IsProvisioned(), "ready was what provisioned is now")
	hub.Status.Conditions[0] = metav1.Condition{Type: "LoadBalancerReady", Status: "True", Reason: "LoadBalancerAvailable", LastTransitionTime: since}

	back := &v1alpha1.HarvesterCluster{}
	require.NoError(t, v1alpha1.ClusterFromHub(hub, back))
	want := old.DeepCopy()
	want.Status.Conditions[0] = v1alpha1.Condition{Type: "LoadBalancerReady", Status: "True", Reason: "LoadBalancerAvailable", LastTransitionTime: since}
	requireEqual(t, want, back)
}

// A template without an endpoint must not get an empty one, and the placeholder of older templates must stay.
func TestEndpointOfATemplate(t *testing.T) {
	for name, endpoint := range map[string]v1alpha1.APIEndpoint{"none": {}, "placeholder": {Host: "0.0.0.0", Port: 6443}} {
		t.Run(name, func(t *testing.T) {
			old := &v1alpha1.HarvesterClusterTemplate{}
			old.Spec.Template.Spec.ControlPlaneEndpoint = endpoint
			old.Spec.Template.Spec.TargetNamespace = "vms"
			hub := &infrav1.HarvesterClusterTemplate{}
			require.NoError(t, v1alpha1.ClusterTemplateToHub(old, hub))
			for _, object := range []any{hub, old} {
				spec := fields(t, object)["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
				assert.Equal(t, !endpoint.IsZero(), spec["controlPlaneEndpoint"] != nil)
			}
			assert.Equal(t, infrav1.APIEndpoint{Host: endpoint.Host, Port: endpoint.Port}, hub.Spec.Template.Spec.ControlPlaneEndpoint)
			assert.Empty(t, hub.Annotations, "a template loses nothing, so what is made from it inherits no annotation")
		})
	}
}

// An object that could not be converted would keep every other one from being listed.
func TestDataThatCannotBeReadIsLeftAlone(t *testing.T) {
	for _, data := range []string{"", "{", "[]", `"x"`, `{"spec": []}`, `{"spec": {"cpu": "many"}}`} {
		old := &v1alpha1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.HubDataAnnotation: data}}}
		old.Spec.CPU = 2
		hub := machineUp(t, old)
		assert.Equal(t, int32(2), hub.Spec.CPU)
		assert.Equal(t, data, hub.Annotations[v1alpha1.HubDataAnnotation])

		hub.Annotations = map[string]string{v1alpha1.DataAnnotation: data}
		assert.Equal(t, int32(2), machineDown(t, hub).Spec.CPU)
	}
	old := &v1alpha1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.HubDataAnnotation: "null"}}}
	assert.Empty(t, machineUp(t, old).Annotations)
}

func TestBootOrderBeyondWhatTheHubHolds(t *testing.T) {
	old := &v1alpha1.HarvesterMachine{}
	old.Spec.Volumes = []v1alpha1.Volume{{VolumeType: "image", BootOrder: ptrTo[int64](1 << 40)}, {VolumeType: "image", BootOrder: ptrTo[int64](0)}}
	hub := machineUp(t, old)
	assert.Equal(t, int32(1<<31-1), *hub.Spec.Volumes[0].BootOrder)
	assert.Equal(t, int32(0), *hub.Spec.Volumes[1].BootOrder)
	requireEqual(t, old, machineDown(t, hub))
}

// The type that the API server asked for is set before the conversion, and stays.
func TestTypeStays(t *testing.T) {
	hub := &infrav1.HarvesterMachine{TypeMeta: metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterMachine"}}
	hub.Spec.CPUModel = "host-model"
	old := &v1alpha1.HarvesterMachine{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "HarvesterMachine"}}
	require.NoError(t, v1alpha1.MachineFromHub(hub, old))
	assert.Equal(t, v1alpha1.GroupVersion.String(), old.APIVersion)
	back := &infrav1.HarvesterMachine{TypeMeta: hub.TypeMeta}
	require.NoError(t, v1alpha1.MachineToHub(old, back))
	requireEqual(t, hub, back)
}

// The largest realistic machine, there and back.
func BenchmarkMachine(b *testing.B) {
	hub := &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Name: "m", Namespace: "n", Finalizers: []string{infrav1.MachineFinalizer}}}
	hub.Spec = infrav1.HarvesterMachineSpec{
		CPU: 16, Memory: "64Gi", SSHUser: "rancher", SSHKeyPair: "default/key", Networks: []string{"default/a", "default/b"},
		Volumes:      []infrav1.Volume{{VolumeType: "image", ImageName: "default/sles"}, {VolumeType: "storageClass", StorageClass: "longhorn"}},
		NodeAffinity: &corev1.NodeAffinity{}, Firmware: &infrav1.Firmware{EFI: ptrTo(true)},
	}
	for _, condition := range []string{"Ready", "VMIPAllocated", "CloudInitReady", "VMProvisioningReady", "VMRunning", "AddressesReported", "NodeInitialized", "Deleting"} {
		hub.Status.Conditions = append(hub.Status.Conditions, metav1.Condition{Type: condition, Status: "True", Reason: "Done", LastTransitionTime: since, ObservedGeneration: 3})
	}
	for b.Loop() {
		old, back := &v1alpha1.HarvesterMachine{}, &infrav1.HarvesterMachine{}
		if err := v1alpha1.MachineFromHub(hub, old); err != nil {
			b.Fatal(err)
		}
		if err := v1alpha1.MachineToHub(old, back); err != nil {
			b.Fatal(err)
		}
	}
}
