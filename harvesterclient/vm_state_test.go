package harvesterclient

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

type vmOption func(*kubevirtv1.VirtualMachine)

func stateVM(status kubevirtv1.VirtualMachinePrintableStatus, options ...vmOption) *kubevirtv1.VirtualMachine {
	strategy := kubevirtv1.RunStrategyRerunOnFailure
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "a", UID: "vm-uid"}}
	vm.Spec.RunStrategy = &strategy
	vm.Status.PrintableStatus = status
	vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0"}, {Name: "nic-1"}}
	for _, option := range options {
		option(vm)
	}

	return vm
}

func halted(vm *kubevirtv1.VirtualMachine) {
	strategy := kubevirtv1.RunStrategyHalted
	vm.Spec.RunStrategy = &strategy
}

func annotated(key, value string) vmOption {
	return func(vm *kubevirtv1.VirtualMachine) { vm.Annotations = map[string]string{key: value} }
}

func deleted(vm *kubevirtv1.VirtualMachine) { vm.DeletionTimestamp = &metav1.Time{} }

func withCondition(conditionType kubevirtv1.VirtualMachineConditionType, status corev1.ConditionStatus, message string) vmOption {
	return func(vm *kubevirtv1.VirtualMachine) {
		vm.Status.Conditions = append(vm.Status.Conditions, kubevirtv1.VirtualMachineCondition{Type: conditionType, Status: status, Message: message})
	}
}

type vmiOption func(*kubevirtv1.VirtualMachineInstance)

func stateVMI(phase kubevirtv1.VirtualMachineInstancePhase, options ...vmiOption) *kubevirtv1.VirtualMachineInstance {
	controller := true
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{
		Namespace: "vms", Name: "a",
		OwnerReferences: []metav1.OwnerReference{{Kind: "VirtualMachine", Name: "a", UID: "vm-uid", Controller: &controller}},
	}}
	vmi.Status.Phase = phase
	for _, option := range options {
		option(vmi)
	}

	return vmi
}

func instanceDeleted(vmi *kubevirtv1.VirtualMachineInstance) { vmi.DeletionTimestamp = &metav1.Time{} }

func instanceCond(conditionType kubevirtv1.VirtualMachineInstanceConditionType, status corev1.ConditionStatus, message string) vmiOption {
	return func(vmi *kubevirtv1.VirtualMachineInstance) {
		vmi.Status.Conditions = append(vmi.Status.Conditions, kubevirtv1.VirtualMachineInstanceCondition{Type: conditionType, Status: status, Message: message})
	}
}

func ownedBy(uid types.UID) vmiOption {
	return func(vmi *kubevirtv1.VirtualMachineInstance) { vmi.OwnerReferences[0].UID = uid }
}

func migrating(vmi *kubevirtv1.VirtualMachineInstance) {
	vmi.Status.MigrationState = &kubevirtv1.VirtualMachineInstanceMigrationState{SourceNode: "h1", TargetNode: "h2"}
}

func TestDescribeVMPhase(t *testing.T) {
	t.Parallel()
	const unschedulable = kubevirtv1.VirtualMachineStatusUnschedulable
	for name, tc := range map[string]struct {
		vm      *kubevirtv1.VirtualMachine
		vmi     *kubevirtv1.VirtualMachineInstance
		phase   VMPhase
		reason  string
		message string
	}{
		"just created":                {stateVM(""), nil, PhaseCreating, "Created", ""},
		"claims not made yet":         {stateVM(kubevirtv1.VirtualMachineStatusPvcNotFound), nil, PhaseCreating, "WaitingForVolumes", ""},
		"claims not bound":            {stateVM(kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding), nil, PhaseCreating, "WaitingForVolumeBinding", ""},
		"provisioning":                {stateVM(kubevirtv1.VirtualMachineStatusProvisioning), nil, PhaseCreating, "Provisioning", ""},
		"starting, no instance":       {stateVM(kubevirtv1.VirtualMachineStatusStarting), nil, PhaseStarting, "Starting", ""},
		"scheduling":                  {stateVM(kubevirtv1.VirtualMachineStatusStarting), stateVMI(kubevirtv1.Scheduling), PhaseStarting, "Scheduling", ""},
		"scheduled":                   {stateVM(kubevirtv1.VirtualMachineStatusStarting), stateVMI(kubevirtv1.Scheduled), PhaseStarting, "Scheduled", ""},
		"running":                     {stateVM(kubevirtv1.VirtualMachineStatusRunning), stateVMI(kubevirtv1.Running), PhaseRunning, "Running", ""},
		"running, status behind":      {stateVM(kubevirtv1.VirtualMachineStatusStarting), stateVMI(kubevirtv1.Running), PhaseRunning, "Running", ""},
		"running, instance not seen":  {stateVM(kubevirtv1.VirtualMachineStatusRunning), nil, PhaseRunning, "Running", ""},
		"moving":                      {stateVM(kubevirtv1.VirtualMachineStatusMigrating), stateVMI(kubevirtv1.Running, migrating), PhaseRunning, "Migrating", "moving from host h1 to h2"},
		"paused":                      {stateVM(kubevirtv1.VirtualMachineStatusPaused), stateVMI(kubevirtv1.Running, instanceCond(kubevirtv1.VirtualMachineInstancePaused, corev1.ConditionTrue, "by user")), PhasePaused, "Paused", "by user"},
		"being stopped":               {stateVM(kubevirtv1.VirtualMachineStatusStopping), stateVMI(kubevirtv1.Running, instanceDeleted), PhaseStopping, "Stopping", ""},
		"shut down from inside":       {stateVM(kubevirtv1.VirtualMachineStatusStopped), stateVMI(kubevirtv1.Succeeded), PhaseStopped, "GuestShutDown", ""},
		"stopped":                     {stateVM(kubevirtv1.VirtualMachineStatusStopped), nil, PhaseStopped, "Stopped", ""},
		"instance failed":             {stateVM(kubevirtv1.VirtualMachineStatusStopped), stateVMI(kubevirtv1.Failed), PhaseCrashed, "InstanceFailed", ""},
		"crash loop":                  {stateVM(kubevirtv1.VirtualMachineStatusCrashLoopBackOff, withCondition(kubevirtv1.VirtualMachineFailure, corev1.ConditionTrue, "boom")), nil, PhaseCrashed, "CrashLoopBackOff", "boom"},
		"no host, says the machine":   {stateVM(unschedulable, withCondition("PodScheduled", corev1.ConditionFalse, "0/3 nodes")), nil, PhaseUnschedulable, "Unschedulable", "0/3 nodes"},
		"no host, says the instance":  {stateVM(unschedulable), stateVMI(kubevirtv1.Scheduling, instanceCond("PodScheduled", corev1.ConditionFalse, "0/3 nodes")), PhaseUnschedulable, "Unschedulable", "0/3 nodes"},
		"no host, no one says why":    {stateVM(unschedulable), stateVMI(kubevirtv1.Scheduling), PhaseUnschedulable, "Unschedulable", ""},
		"host lost":                   {stateVM(kubevirtv1.VirtualMachineStatusUnknown), stateVMI(kubevirtv1.Unknown), PhaseUnknown, "InstanceUnknown", ""},
		"data volume failed":          {stateVM(kubevirtv1.VirtualMachineStatusDataVolumeError), nil, PhaseFailed, "DataVolumeError", ""},
		"halted":                      {stateVM(kubevirtv1.VirtualMachineStatusStopped, halted), nil, PhaseHalted, "Halted", "the run strategy is Halted: someone switched the virtual machine off"},
		"halted for quota":            {stateVM(kubevirtv1.VirtualMachineStatusStopped, halted, annotated(AnnotationQuota, "memory")), nil, PhaseHalted, "InsufficientResourceQuota", "memory"},
		"halting":                     {stateVM(kubevirtv1.VirtualMachineStatusStopping, halted), stateVMI(kubevirtv1.Scheduled), PhaseStopping, "Stopping", ""},
		"being deleted":               {stateVM(kubevirtv1.VirtualMachineStatusTerminating, deleted), stateVMI(kubevirtv1.Running), PhaseDeleting, "Deleting", ""},
		"a status no one knows":       {stateVM("Levitating"), nil, PhaseUnknown, "UnknownStatus", "the virtual machine's status is Levitating"},
		"an instance of another one":  {stateVM(kubevirtv1.VirtualMachineStatusProvisioning), stateVMI(kubevirtv1.Running, ownedBy("other")), PhaseCreating, "Provisioning", ""},
		"image of the launcher gone":  {stateVM(kubevirtv1.VirtualMachineStatusImagePullBackOff), stateVMI(kubevirtv1.Scheduling), PhaseFailed, "ImagePullBackOff", ""},
		"waiting for a migration":     {stateVM(kubevirtv1.VirtualMachineStatusWaitingForReceiver), nil, PhaseStarting, "WaitingForReceiver", ""},
		"instance phase no one knows": {stateVM(kubevirtv1.VirtualMachineStatusStarting), stateVMI("Odd"), PhaseStarting, "Starting", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := DescribeVM(tc.vm, tc.vmi)
			assert.Equal(t, tc.phase, state.Phase)
			assert.Equal(t, tc.reason, state.Reason)
			assert.Equal(t, tc.message, state.Message)
		})
	}
}

func TestDescribeVMAddresses(t *testing.T) {
	t.Parallel()
	vmi := stateVMI(kubevirtv1.Running, instanceCond(kubevirtv1.VirtualMachineInstanceAgentConnected, corev1.ConditionTrue, ""))
	vmi.Status.NodeName = "host-1"
	vmi.Status.Interfaces = []kubevirtv1.VirtualMachineInstanceNetworkInterface{
		{Name: "nic-1", MAC: "02:00:00:00:00:02", IP: "127.50.0.9", IPs: []string{"127.50.0.9"}},
		{Name: "nic-0", MAC: "02:00:00:00:00:01", IP: "10.0.0.5", IPs: []string{"10.0.0.5", "fd00::5", "fe80::1", "169.254.0.1", "", "junk", "0.0.0.0", "10.0.0.100"}},
		{InterfaceName: "cni0", IP: "10.42.0.1", IPs: []string{"10.42.0.1"}}, // only the guest knows it
		{Name: "nic-9", IP: "10.9.9.9"}, // not in the spec
	}
	state := DescribeVM(stateVM(kubevirtv1.VirtualMachineStatusRunning), vmi)
	assert.Equal(t, []Address{
		{NIC: "nic-0", MAC: "02:00:00:00:00:01", IP: netip.MustParseAddr("10.0.0.5")},
		{NIC: "nic-0", MAC: "02:00:00:00:00:01", IP: netip.MustParseAddr("fd00::5")},
		{NIC: "nic-0", MAC: "02:00:00:00:00:01", IP: netip.MustParseAddr("10.0.0.100")},
		{NIC: "nic-1", MAC: "02:00:00:00:00:02", IP: netip.MustParseAddr("127.50.0.9")},
	}, state.Addresses)
	assert.Equal(t, "host-1", state.NodeName)
	assert.True(t, state.AgentConnected)
}

func TestDescribeVMWithoutAgent(t *testing.T) {
	t.Parallel()
	vmi := stateVMI(kubevirtv1.Running)
	vmi.Status.Interfaces = []kubevirtv1.VirtualMachineInstanceNetworkInterface{{Name: "nic-0", MAC: "02:00:00:00:00:01"}}
	state := DescribeVM(stateVM(kubevirtv1.VirtualMachineStatusRunning), vmi)
	assert.Empty(t, state.Addresses)
	assert.False(t, state.AgentConnected)

	bare := stateVM(kubevirtv1.VirtualMachineStatusRunning)
	bare.Spec.Template = nil
	assert.Empty(t, DescribeVM(bare, vmi).Addresses)
}

// Every status and phase KubeVirt has today must be known here, so that a new one is noticed.
func TestPhaseTablesAreTotal(t *testing.T) {
	t.Parallel()
	for _, status := range []kubevirtv1.VirtualMachinePrintableStatus{
		kubevirtv1.VirtualMachineStatusStopped, kubevirtv1.VirtualMachineStatusProvisioning, kubevirtv1.VirtualMachineStatusStarting,
		kubevirtv1.VirtualMachineStatusRunning, kubevirtv1.VirtualMachineStatusPaused, kubevirtv1.VirtualMachineStatusStopping,
		kubevirtv1.VirtualMachineStatusTerminating, kubevirtv1.VirtualMachineStatusCrashLoopBackOff, kubevirtv1.VirtualMachineStatusMigrating,
		kubevirtv1.VirtualMachineStatusUnknown, kubevirtv1.VirtualMachineStatusUnschedulable, kubevirtv1.VirtualMachineStatusErrImagePull,
		kubevirtv1.VirtualMachineStatusImagePullBackOff, kubevirtv1.VirtualMachineStatusPvcNotFound, kubevirtv1.VirtualMachineStatusDataVolumeError,
		kubevirtv1.VirtualMachineStatusWaitingForVolumeBinding, kubevirtv1.VirtualMachineStatusWaitingForReceiver,
	} {
		_, inTroubles := troubles[status]
		_, inPhases := machinePhases[status]
		assert.NotEqual(t, inTroubles, inPhases, "%s must be in one table", status)
	}
	for _, phase := range []kubevirtv1.VirtualMachineInstancePhase{
		kubevirtv1.VmPhaseUnset, kubevirtv1.Pending, kubevirtv1.Scheduling, kubevirtv1.Scheduled,
		kubevirtv1.Succeeded, kubevirtv1.Failed, kubevirtv1.WaitingForSync, kubevirtv1.Unknown,
	} {
		assert.Contains(t, instancePhases, phase)
	}
}
