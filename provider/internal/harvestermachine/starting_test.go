package harvestermachine

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// pending is a claim that is not bound, of class "fast".
func pending(change ...func(*volumeState)) volumeState {
	state := volumeState{name: "m-1-disk-0", claim: &corev1.PersistentVolumeClaim{}}
	state.claim.Spec = corev1.PersistentVolumeClaimSpec{
		StorageClassName: ptr.To("fast"), VolumeMode: ptr.To(corev1.PersistentVolumeBlock),
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("40Gi")}},
	}
	state.claim.Status.Phase = corev1.ClaimPending
	state.class = &storagev1.StorageClass{Provisioner: "rancher.io/local-path"}
	for _, change := range change {
		change(&state)
	}

	return state
}

func TestCauseOfAVolume(t *testing.T) {
	now := metav1.Now()
	for name, test := range map[string]struct {
		volume volumeState
		want   string
	}{
		"bound":         {pending(func(v *volumeState) { v.claim.Status.Phase = corev1.ClaimBound }), ""},
		"absent":        {volumeState{name: "m-1-disk-0"}, "does not exist"},
		"going":         {pending(func(v *volumeState) { v.claim.DeletionTimestamp = &now }), "is being deleted"},
		"lost":          {pending(func(v *volumeState) { v.claim.Status.Phase, v.claim.Spec.VolumeName = corev1.ClaimLost, "pvc-7" }), `has lost its PersistentVolume "pvc-7"`},
		"without class": {pending(func(v *volumeState) { v.claim.Spec.StorageClassName, v.class = nil, nil }), "is not bound: it names no storage class"},
		"class missing": {pending(func(v *volumeState) { v.class = nil }), `is not bound: storage class "fast" does not exist`},
		"class unknown": {pending(func(v *volumeState) { v.class, v.unknownClass = nil, true }), `is not bound: storage class "fast" has not provided it`},
		"class without many writers, as it says itself": {
			pending(func(v *volumeState) { v.warning = "NodePath only supports ReadWriteOnce" }),
			`is not bound: storage class "fast" says: NodePath only supports ReadWriteOnce`,
		},
		"class that says nothing": {
			pending(),
			`is not bound: storage class "fast" (provisioner rancher.io/local-path) has not provided it; it asks for ReadWriteMany in mode Block with 40Gi, which the class must support`,
		},
		"class that waits for the host": {
			pending(func(v *volumeState) { v.class.VolumeBindingMode = ptr.To(storagev1.VolumeBindingWaitForFirstConsumer) }),
			"waits until a host is chosen",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want == "" {
				assert.Empty(t, causeOf(test.volume))
				return
			}
			assert.Contains(t, causeOf(test.volume), test.want)
		})
	}
}

func TestJudgeStart(t *testing.T) {
	starting := harvesterclient.VMState{Phase: harvesterclient.PhaseStarting, Reason: "Scheduling"}
	full := harvesterclient.VMState{Phase: harvesterclient.PhaseUnschedulable, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 Insufficient memory."}
	bound := pending(func(v *volumeState) { v.claim.Status.Phase = corev1.ClaimBound })
	noClass := pending(func(v *volumeState) { v.class = nil })
	for name, test := range map[string]struct {
		state            harvesterclient.VMState
		waited           time.Duration
		volumes          []volumeState
		reason, contains string
		troubled         bool
		again            time.Duration
	}{
		"just begun":                    {starting, 0, nil, "Phase", "of the phase", false, time.Minute},
		"within the grace":              {full, 50 * time.Second, nil, "Phase", "of the phase", false, 10 * time.Second},
		"slow, nothing known":           {starting, 2 * time.Minute, []volumeState{bound}, "Phase", "of the phase", false, 8 * time.Minute},
		"no host":                       {full, time.Minute, []volumeState{bound}, "Phase", "does not start: Unschedulable: 0/3 nodes are available", true, 9 * time.Minute},
		"a volume":                      {starting, time.Minute, []volumeState{bound, noClass}, infrav1.VMVolumeNotReadyReason, `does not start: volume m-1-disk-0 is not bound: storage class "fast" does not exist`, true, 9 * time.Minute},
		"no host for want of a volume":  {full, time.Minute, []volumeState{noClass}, infrav1.VMVolumeNotReadyReason, "volume m-1-disk-0", true, 9 * time.Minute},
		"two volumes":                   {starting, time.Minute, []volumeState{{name: "a"}, {name: "b"}}, infrav1.VMVolumeNotReadyReason, "; volume b does not exist", true, 9 * time.Minute},
		"too long, with a cause":        {starting, startTimeout, []volumeState{noClass}, infrav1.VMStartTimedOutReason, "has not started within 10m0s: volume m-1-disk-0", true, 0},
		"too long, no host":             {full, time.Hour, []volumeState{bound}, infrav1.VMStartTimedOutReason, "has not started within 10m0s: Unschedulable: 0/3", true, 0},
		"too long, and no one says why": {starting, time.Hour, []volumeState{bound}, infrav1.VMStartTimedOutReason, "Harvester says Scheduling and no cause", true, 0},
		"failed without a word":         {harvesterclient.VMState{Phase: harvesterclient.PhaseFailed, Reason: "DataVolumeError"}, time.Minute, nil, "Phase", "does not start: DataVolumeError", true, 9 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := judgeStart(start{vm: "vms/m-1", reason: "Phase", message: "of the phase", state: test.state, waited: test.waited, volumes: test.volumes})
			assert.Equal(t, test.reason, verdict.reason)
			assert.Contains(t, verdict.message, test.contains)
			assert.Equal(t, test.troubled, verdict.troubled)
			assert.Equal(t, test.again, verdict.again)
			assert.Equal(t, test.troubled, verdict.headline != "" && strings.HasPrefix(verdict.message, verdict.headline+": "))
			if test.troubled {
				assert.Contains(t, verdict.message, "vms/m-1")
			}
		})
	}
}

func TestStartingSince(t *testing.T) {
	at := func(seconds int64) metav1.Time { return metav1.NewTime(time.Unix(seconds, 0)) }
	instance := func(made int64) *kubevirtv1.VirtualMachineInstance {
		return &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(made)}}
	}
	for name, test := range map[string]struct {
		status   metav1.ConditionStatus
		vmi      *kubevirtv1.VirtualMachineInstance
		ran      bool
		wantUnix int64
	}{
		"nothing said yet":                  {"", instance(50), false, 0},
		"waits for an earlier step":         {metav1.ConditionUnknown, instance(50), false, 0},
		"ran until now":                     {metav1.ConditionTrue, instance(500), true, 0},
		"first start":                       {metav1.ConditionFalse, instance(90), false, 100},
		"first start, no instance yet":      {metav1.ConditionFalse, nil, false, 100},
		"switched on after a long time off": {metav1.ConditionFalse, instance(900), true, 900},
		"switched on, no instance yet":      {metav1.ConditionFalse, nil, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			machine := &infrav1.HarvesterMachine{}
			if test.status != "" {
				machine.Status.Conditions = []metav1.Condition{{Type: infrav1.VMRunningCondition, Status: test.status, LastTransitionTime: at(100)}}
			}
			if test.ran {
				machine.Status.Initialization = &infrav1.Initialization{Provisioned: ptr.To(true)}
			}
			since := startingSince(machine, test.vmi)
			assert.Equal(t, test.wantUnix == 0, since.IsZero())
			if test.wantUnix != 0 {
				assert.Equal(t, test.wantUnix, since.Unix())
			}
		})
	}
}

func TestLastWarning(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	assert.Empty(t, lastWarning(nil))
	assert.Equal(t, "new", lastWarning([]corev1.Event{
		{Message: "old", LastTimestamp: metav1.NewTime(at(10))},
		{Message: " new\n", EventTime: metav1.NewMicroTime(at(5)), Series: &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(at(30))}},
		{Message: "older", EventTime: metav1.NewMicroTime(at(8))},
		{Message: "oldest", ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(at(1))}},
	}))
	long := lastWarning([]corev1.Event{{Message: strings.Repeat("\u00e4", 1000)}})
	assert.Less(t, len(long), maxWarning+10)
	assert.True(t, utf8.ValidString(long))
}

func TestBootVolumes(t *testing.T) {
	assert.Empty(t, bootVolumes(nil))
	assert.Empty(t, bootVolumes(&kubevirtv1.VirtualMachine{}))
	claim := func(name string, hotplugged bool) kubevirtv1.Volume {
		source := &kubevirtv1.PersistentVolumeClaimVolumeSource{Hotpluggable: hotplugged}
		source.ClaimName = name
		return kubevirtv1.Volume{VolumeSource: kubevirtv1.VolumeSource{PersistentVolumeClaim: source}}
	}
	vm := &kubevirtv1.VirtualMachine{Spec: kubevirtv1.VirtualMachineSpec{Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{}}}
	vm.Spec.Template.Spec.Volumes = []kubevirtv1.Volume{
		claim("disk-0", false), claim("of-the-guest", true),
		{VolumeSource: kubevirtv1.VolumeSource{DataVolume: &kubevirtv1.DataVolumeSource{Name: "disk-1"}}},
		{VolumeSource: kubevirtv1.VolumeSource{CloudInitNoCloud: &kubevirtv1.CloudInitNoCloudSource{}}},
	}
	assert.Equal(t, []string{"disk-0", "disk-1"}, bootVolumes(vm))
}
