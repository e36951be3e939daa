package kubevirt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

func machineWith(strategy kubevirtv1.VirtualMachineRunStrategy, requests ...kubevirtv1.VirtualMachineStateChangeRequest) *kubevirtv1.VirtualMachine {
	return &kubevirtv1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "vm", UID: "vm-uid"},
		Spec:       kubevirtv1.VirtualMachineSpec{RunStrategy: &strategy, Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{}},
		Status:     kubevirtv1.VirtualMachineStatus{StateChangeRequests: requests},
	}
}

func instanceIn(phase kubevirtv1.VirtualMachineInstancePhase) *kubevirtv1.VirtualMachineInstance {
	return &kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "vm", UID: "vmi-uid"},
		Status:     kubevirtv1.VirtualMachineInstanceStatus{Phase: phase},
	}
}

func TestDecideByRunStrategy(t *testing.T) {
	tests := map[kubevirtv1.VirtualMachineRunStrategy]struct{ none, running, succeeded, failed Step }{
		kubevirtv1.RunStrategyAlways: {Create, Keep, Remove, Remove},
		kubevirtv1.RunStrategyManual: {Keep, Keep, Keep, Keep},
		kubevirtv1.RunStrategyHalted: {Keep, Remove, Remove, Remove},
		kubevirtv1.RunStrategyOnce:   {Create, Keep, Keep, Keep},
	}
	for strategy, want := range tests {
		t.Run(string(strategy), func(t *testing.T) {
			vm := machineWith(strategy)
			assert.Equal(t, Decision{Step: want.none}, Decide(vm, nil))
			assert.Equal(t, Decision{Step: want.running}, Decide(vm, instanceIn(kubevirtv1.Running)))
			assert.Equal(t, Decision{Step: want.succeeded}, Decide(vm, instanceIn(kubevirtv1.Succeeded)))
			assert.Equal(t, Decision{Step: want.failed}, Decide(vm, instanceIn(kubevirtv1.Failed)))
		})
	}
}

// An instance that was deleted is not made again, and one that ended goes; only after a failure there is another.
func TestDecideOnRerunOnFailure(t *testing.T) {
	vm := machineWith(kubevirtv1.RunStrategyRerunOnFailure)
	assert.Equal(t, Decision{Step: Create}, Decide(vm, nil), "it was never started")
	vm.Status.RunStrategy = kubevirtv1.RunStrategyHalted
	assert.Equal(t, Decision{Step: Create}, Decide(vm, nil), "it comes from another strategy")
	vm.Status.RunStrategy = kubevirtv1.RunStrategyRerunOnFailure
	assert.Equal(t, Decision{Step: Keep}, Decide(vm, nil), "its instance was deleted")
	assert.Equal(t, Decision{Step: Keep}, Decide(vm, instanceIn(kubevirtv1.Running)))
	assert.Equal(t, Decision{Step: Remove}, Decide(vm, instanceIn(kubevirtv1.Succeeded)))
	assert.Equal(t, Decision{Step: Keep, StartAgain: true}, Decide(vm, instanceIn(kubevirtv1.Failed)))
	vm.Status.StateChangeRequests = []kubevirtv1.VirtualMachineStateChangeRequest{{Action: kubevirtv1.StartRequest}}
	assert.Equal(t, Decision{Step: Remove}, Decide(vm, instanceIn(kubevirtv1.Failed)))
	assert.Equal(t, Decision{Step: Create, RequestDone: true}, Decide(vm, nil))
}

func TestSetToStart(t *testing.T) {
	start := kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest}
	assert.True(t, setToStart(machineWith(kubevirtv1.RunStrategyAlways)))
	assert.True(t, setToStart(machineWith(kubevirtv1.RunStrategyRerunOnFailure)))
	assert.True(t, setToStart(machineWith(kubevirtv1.RunStrategyManual, start)))
	assert.False(t, setToStart(machineWith(kubevirtv1.RunStrategyManual)))
	assert.False(t, setToStart(machineWith(kubevirtv1.RunStrategyHalted, start)))
}

func TestStrategyReadsBothFields(t *testing.T) {
	vm := &kubevirtv1.VirtualMachine{}
	assert.Equal(t, kubevirtv1.RunStrategyHalted, Strategy(vm))
	vm.Spec.Running = ptr.To(true)
	assert.Equal(t, kubevirtv1.RunStrategyAlways, Strategy(vm))
	vm.Spec.Running = ptr.To(false)
	assert.Equal(t, kubevirtv1.RunStrategyHalted, Strategy(vm))
}

func TestDecideFulfilsRequests(t *testing.T) {
	stop := func(uid types.UID) kubevirtv1.VirtualMachineStateChangeRequest {
		return kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StopRequest, UID: &uid}
	}
	start := kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest}
	manual := kubevirtv1.RunStrategyManual
	assert.Equal(t, Decision{Step: Remove}, Decide(machineWith(manual, stop("vmi-uid")), instanceIn(kubevirtv1.Running)))
	assert.Equal(t, Decision{Step: Keep, RequestDone: true}, Decide(machineWith(manual, stop("vmi-uid")), nil))
	assert.Equal(t, Decision{Step: Keep, RequestDone: true}, Decide(machineWith(manual, stop("former-uid")), instanceIn(kubevirtv1.Running)), "a stop does not hit the next instance")
	assert.Equal(t, Decision{Step: Create, RequestDone: true}, Decide(machineWith(manual, start), nil))
	assert.Equal(t, Decision{Step: Remove}, Decide(machineWith(manual, start), instanceIn(kubevirtv1.Succeeded)))
	assert.Equal(t, Decision{Step: Keep, RequestDone: true}, Decide(machineWith(manual, start), instanceIn(kubevirtv1.Running)))
}

func TestDecideOnDeletion(t *testing.T) {
	vm := machineWith(kubevirtv1.RunStrategyAlways)
	vm.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	assert.Equal(t, Decision{Step: Keep}, Decide(vm, nil))
	assert.Equal(t, Decision{Step: Remove}, Decide(vm, instanceIn(kubevirtv1.Running)))
	leaving := instanceIn(kubevirtv1.Running)
	leaving.DeletionTimestamp = vm.DeletionTimestamp
	assert.Equal(t, Decision{Step: Keep}, Decide(vm, leaving))
	assert.Equal(t, Decision{Step: Keep}, Decide(machineWith(kubevirtv1.RunStrategyHalted), leaving))
}

func TestStartFailuresBackOff(t *testing.T) {
	now := time.Unix(1000, 0)
	failed := instanceIn(kubevirtv1.Failed)
	first := StartFailure(nil, failed, now)
	require.NotNil(t, first)
	assert.Equal(t, 1, first.ConsecutiveFailCount)
	assert.Equal(t, time.Second, BackoffLeft(first, now))
	assert.Equal(t, first, StartFailure(first, failed, now.Add(time.Second)), "the same instance counts once")
	assert.Equal(t, first, StartFailure(first, nil, now))

	second := instanceIn(kubevirtv1.Failed)
	second.UID = "next"
	again := StartFailure(first, second, now)
	assert.Equal(t, 2, again.ConsecutiveFailCount)
	assert.Equal(t, 4*time.Second, BackoffLeft(again, now))
	assert.Zero(t, BackoffLeft(again, now.Add(time.Hour)))
	assert.Zero(t, BackoffLeft(nil, now))

	ran := instanceIn(kubevirtv1.Failed)
	setPhase(ran, kubevirtv1.Running, metav1.NewTime(now))
	setPhase(ran, kubevirtv1.Failed, metav1.NewTime(now))
	assert.Nil(t, StartFailure(again, ran, now), "a machine that ran starts afresh")
}

// Whatever the garbage collector has done already, an orphaned instance is left alone.
func TestOrphans(t *testing.T) {
	now := metav1.Now()
	owned := instanceIn(kubevirtv1.Running)
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "VirtualMachine", Name: "vm", UID: "vm-uid", Controller: ptr.To(true)}}
	for name, test := range map[string]struct {
		deleting   bool
		finalizers []string
		instance   *kubevirtv1.VirtualMachineInstance
		orphans    bool
	}{
		"a living VM":                     {instance: owned},
		"a plain deletion":                {deleting: true, instance: owned},
		"orphan deletion, not begun":      {deleting: true, finalizers: []string{metav1.FinalizerOrphanDependents}, instance: owned, orphans: true},
		"orphan deletion, owner gone":     {deleting: true, finalizers: []string{metav1.FinalizerOrphanDependents}, instance: instanceIn(kubevirtv1.Running), orphans: true},
		"orphan deletion, finalizer gone": {deleting: true, instance: instanceIn(kubevirtv1.Running), orphans: true},
	} {
		t.Run(name, func(t *testing.T) {
			vm := machineWith(kubevirtv1.RunStrategyAlways)
			vm.Finalizers = test.finalizers
			if test.deleting {
				vm.DeletionTimestamp = &now
			}
			assert.Equal(t, test.orphans, orphans(vm, test.instance))
		})
	}
}
