package kubevirt

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

var noon = metav1.NewTime(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))

func TestPrintableStatus(t *testing.T) {
	with := func(phase kubevirtv1.VirtualMachineInstancePhase, change func(*kubevirtv1.VirtualMachineInstance)) *kubevirtv1.VirtualMachineInstance {
		vmi := instanceIn(phase)
		if change != nil {
			change(vmi)
		}
		return vmi
	}
	condition := func(kind kubevirtv1.VirtualMachineInstanceConditionType, status corev1.ConditionStatus, reason string) func(*kubevirtv1.VirtualMachineInstance) {
		return func(vmi *kubevirtv1.VirtualMachineInstance) { setCondition(vmi, kind, status, reason, "", noon) }
	}
	tests := map[string]struct {
		strategy kubevirtv1.VirtualMachineRunStrategy
		vmi      *kubevirtv1.VirtualMachineInstance
		around   Surroundings
		want     kubevirtv1.VirtualMachinePrintableStatus
	}{
		"no instance":         {kubevirtv1.RunStrategyHalted, nil, Surroundings{}, kubevirtv1.VirtualMachineStatusStopped},
		"waits for volumes":   {kubevirtv1.RunStrategyAlways, nil, Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding},
		"halted with volumes": {kubevirtv1.RunStrategyHalted, nil, Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusStopped},
		"backing off":         {kubevirtv1.RunStrategyAlways, nil, Surroundings{BackingOff: true}, kubevirtv1.VirtualMachineStatusCrashLoopBackOff},
		"over":                {kubevirtv1.RunStrategyRerunOnFailure, with(kubevirtv1.Succeeded, nil), Surroundings{}, kubevirtv1.VirtualMachineStatusStopped},
		"pending":             {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Pending, nil), Surroundings{}, kubevirtv1.VirtualMachineStatusStarting},
		"scheduled":           {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Scheduled, nil), Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusStarting},
		"unbound":             {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Scheduling, nil), Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding},
		"claim not found": {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Pending, condition(kubevirtv1.VirtualMachineInstanceSynchronized, corev1.ConditionFalse, reasonClaimNotFound)),
			Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusPvcNotFound},
		"unschedulable": {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Scheduling, condition(podScheduled, corev1.ConditionFalse, reasonUnschedulable)), Surroundings{}, kubevirtv1.VirtualMachineStatusUnschedulable},
		"running":       {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Running, nil), Surroundings{UnboundClaims: true}, kubevirtv1.VirtualMachineStatusRunning},
		"paused":        {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Running, condition(kubevirtv1.VirtualMachineInstancePaused, corev1.ConditionTrue, "")), Surroundings{}, kubevirtv1.VirtualMachineStatusPaused},
		"migrating": {kubevirtv1.RunStrategyAlways, with(kubevirtv1.Running, func(vmi *kubevirtv1.VirtualMachineInstance) {
			vmi.Status.MigrationState = &kubevirtv1.VirtualMachineInstanceMigrationState{}
		}), Surroundings{}, kubevirtv1.VirtualMachineStatusMigrating},
		"stopping": {kubevirtv1.RunStrategyHalted, with(kubevirtv1.Running, func(vmi *kubevirtv1.VirtualMachineInstance) { vmi.DeletionTimestamp = &noon }), Surroundings{}, kubevirtv1.VirtualMachineStatusStopping},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, PrintableStatus(machineWith(test.strategy), test.vmi, test.around))
		})
	}
	leaving := machineWith(kubevirtv1.RunStrategyAlways)
	leaving.DeletionTimestamp = &noon
	assert.Equal(t, kubevirtv1.VirtualMachineStatusTerminating, PrintableStatus(leaving, instanceIn(kubevirtv1.Running), Surroundings{}))
}

func TestSetStatusMirrorsTheInstanceAndKeepsTheRest(t *testing.T) {
	vm := machineWith(kubevirtv1.RunStrategyAlways, kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest})
	SetStatus(vm, nil, Surroundings{}, noon)
	require.Len(t, vm.Status.Conditions, 1)
	assert.Equal(t, "VMINotExists", vm.Status.Conditions[0].Reason)
	assert.False(t, vm.Status.Created)
	assert.Len(t, vm.Status.StateChangeRequests, 1)

	vmi := instanceIn(kubevirtv1.Running)
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionTrue, "", "", noon)
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected, corev1.ConditionTrue, "", "", noon)
	later := metav1.NewTime(noon.Add(time.Minute))
	SetStatus(vm, vmi, Surroundings{}, later)
	assert.True(t, vm.Status.Ready)
	assert.Equal(t, kubevirtv1.VirtualMachineStatusRunning, vm.Status.PrintableStatus)
	require.Len(t, vm.Status.Conditions, 2)
	assert.Equal(t, later, vm.Status.Conditions[0].LastTransitionTime)
	before := vm.DeepCopy()
	SetStatus(vm, vmi, Surroundings{}, metav1.NewTime(noon.Add(time.Hour)))
	assert.Equal(t, before, vm, "nothing changed, so nothing is written")

	setCondition(vmi, kubevirtv1.VirtualMachineInstanceIsMigratable, corev1.ConditionFalse, "DisksNotLiveMigratable", "", later)
	dropCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected)
	SetStatus(vm, vmi, Surroundings{}, later)
	for range 2 {
		SetStatus(vm, nil, Surroundings{}, metav1.NewTime(noon.Add(time.Hour)))
		require.Len(t, vm.Status.Conditions, 2, "what was last said of the instance stays after a stop")
		assert.Equal(t, kubevirtv1.VirtualMachineCondition{
			Type: "LiveMigratable", Status: corev1.ConditionFalse, Reason: "DisksNotLiveMigratable", LastTransitionTime: later,
		}, vm.Status.Conditions[1])
	}
}

func TestRunStrategyInStatusTellsWhetherItWasStarted(t *testing.T) {
	vm := machineWith(kubevirtv1.RunStrategyRerunOnFailure)
	SetStatus(vm, nil, Surroundings{}, noon)
	assert.Empty(t, vm.Status.RunStrategy)
	SetStatus(vm, instanceIn(kubevirtv1.Pending), Surroundings{}, noon)
	assert.Equal(t, kubevirtv1.RunStrategyRerunOnFailure, vm.Status.RunStrategy)
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	SetStatus(vm, nil, Surroundings{}, noon)
	assert.Equal(t, kubevirtv1.RunStrategyHalted, vm.Status.RunStrategy)
}

// Condition RestartRequired stands until the VM is stopped or started.
func TestRestartRequiredStands(t *testing.T) {
	vm, vmi := machineWith(kubevirtv1.RunStrategyAlways), instanceIn(kubevirtv1.Running)
	required := func() bool {
		return slices.ContainsFunc(vm.Status.Conditions, func(condition kubevirtv1.VirtualMachineCondition) bool {
			return condition.Type == kubevirtv1.VirtualMachineRestartRequired && condition.Status == corev1.ConditionTrue
		})
	}
	SetStatus(vm, vmi, Surroundings{RestartRequired: true}, noon)
	assert.True(t, required())
	SetStatus(vm, vmi, Surroundings{}, noon)
	assert.True(t, required(), "a change that is taken back does not end it")
	dropRestartRequired(vm)
	SetStatus(vm, nil, Surroundings{}, noon)
	assert.False(t, required())
}
