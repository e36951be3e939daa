package harvestermachine

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

func TestJudge(t *testing.T) {
	ours := names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: "ns", Name: "c"}, Name: "m", VM: "m"})
	for name, test := range map[string]struct {
		labels     map[string]string
		providerID string
		ours       bool
	}{
		"the UID proves it":                       {nil, "harvester://uid", true},
		"the UID proves it, whatever the labels":  {map[string]string{"team": "x"}, "harvester://uid", true},
		"another UID, although our labels":        {ours, "harvester://other", false},
		"an interrupted creation":                 {ours, "", true},
		"the name alone":                          {nil, "", false},
		"labels of v0.2.x without a provider id":  {map[string]string{"harvesterhci.io/creator": "harvester"}, "", false},
		"a machine of that name in another place": {names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: "other", Name: "c"}, Name: "m", VM: "m"}), "", false},
		"a provider id of another provider":       {nil, "vsphere://uid", false},
	} {
		t.Run(name, func(t *testing.T) {
			vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "m", UID: "uid", Labels: test.labels}}
			machine := &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "m"}}
			machine.Spec.ProviderID = test.providerID
			got := judge(vm, machine, names.Cluster{Namespace: "ns", Name: "c"})
			assert.Equal(t, test.ours, got.ours(), got.foreign)
		})
	}
}

// An address may come free between the moment in which a machine finds none and the one in which its condition says so.
func TestAMachineWaitsForItsAddressUntilItSaysThatItHasIt(t *testing.T) {
	machine, cluster := &infrav1.HarvesterMachine{}, &infrav1.HarvesterCluster{}
	machine.Spec.Networks = []string{"default/lan"}
	machine.Spec.VMNetworkConfig = &infrav1.MachineVMNetworkConfig{IPPoolRef: "p"}
	assert.True(t, waitsForAddress(machine, cluster, "p"), "it has not said anything yet")
	assert.False(t, waitsForAddress(machine, cluster, "another"), "that pool cannot help it")
	for status, waits := range map[metav1.ConditionStatus]bool{metav1.ConditionFalse: true, metav1.ConditionUnknown: true, metav1.ConditionTrue: false} {
		machine.Status.Conditions = []metav1.Condition{{Type: infrav1.AddressReadyCondition, Status: status}}
		assert.Equal(t, waits, waitsForAddress(machine, cluster, "p"), status)
	}
}

// A machine that holds an address hears of it when its entry disappears from the pool, or becomes another owner's.
func TestAMachineHearsThatItsPoolLostItsAddress(t *testing.T) {
	machine, cluster := &infrav1.HarvesterMachine{}, &infrav1.HarvesterCluster{}
	machine.Namespace, machine.Name, cluster.Spec.TargetNamespace = "capi", "m", "vms"
	machine.Status.AllocatedIPAddress, machine.Status.AllocatedPoolRef = "192.0.2.3", "p"
	machine.Status.AllocatedAddresses = []infrav1.AllocatedAddress{{Index: ptr.To(int32(1)), Address: "192.0.2.4", PoolRef: "p"}}
	for name, test := range map[string]struct {
		pool      string
		allocated map[string]string
		lost      bool
	}{
		"both are there":          {"p", map[string]string{"192.0.2.3": "vms/m.caphv", "192.0.2.4": "vms/m.nic-1.caphv"}, false},
		"one in its old form":     {"p", map[string]string{"192.0.2.3": "capi/m", "192.0.2.4": "vms/m.nic-1.caphv"}, false},
		"the second is lost":      {"p", map[string]string{"192.0.2.3": "vms/m.caphv"}, true},
		"the first is another's":  {"p", map[string]string{"192.0.2.3": "vms/x.caphv", "192.0.2.4": "vms/m.nic-1.caphv"}, true},
		"the pool has no status":  {"p", nil, true},
		"it is a pool of another": {"q", nil, false},
	} {
		pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: test.pool}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/24"}}}}
		pool.Status.Allocated = test.allocated
		assert.Equal(t, test.lost, lostAddress(machine, cluster, pool), name)
	}
}

// Whoever is root in a guest may report any number of addresses.
func TestAGuestThatReportsHundredsOfAddressesKeepsItsStatus(t *testing.T) {
	var reported []harvesterclient.Address
	for i := range 300 {
		ip := netip.AddrFrom16([16]byte{0: 0xfd, 6: byte(i >> 8), 7: byte(i), 15: 1}) // each in a network of its own
		reported = append(reported, harvesterclient.Address{NIC: "nic-0", IP: ip})
	}
	assigned := netip.MustParseAddr("192.0.2.1")
	found := machineAddresses("m", []string{"nic-0"}, map[string][]netip.Addr{"nic-0": {assigned}}, reported, "")
	assert.Len(t, found, maxAddresses)
	assert.Equal(t, assigned.String(), found[1].Address, "what it was given comes first")
}

func TestOrphanGuard(t *testing.T) {
	now := metav1.Now()
	for name, test := range map[string]struct {
		change  func(*scope)
		blocked bool
	}{
		"the Machine is being deleted": {func(s *scope) { s.owner.DeletionTimestamp = &now }, false},
		"the Cluster is being deleted": {func(s *scope) { s.cluster.DeletionTimestamp = &now }, false},
		"the Machine's owner is lost":  {func(s *scope) { s.owner.DeletionTimestamp, s.lostOwner = &now, "MachineSet x" }, true},
		"owner lost, Cluster deleted": {func(s *scope) {
			s.owner.DeletionTimestamp, s.cluster.DeletionTimestamp, s.lostOwner = &now, &now, "MachineSet x"
		}, false},
		"the Machine lives":            {func(*scope) {}, true},
		"the Machine is gone":          {func(s *scope) { s.owner = nil }, true},
		"Machine and Cluster are gone": {func(s *scope) { s.owner, s.cluster = nil, nil }, true},
		"confirmed":                    {func(s *scope) { s.machine.Annotations = map[string]string{infrav1.ConfirmDeletionAnnotation: "true"} }, false},
		"confirmed with another word":  {func(s *scope) { s.machine.Annotations = map[string]string{infrav1.ConfirmDeletionAnnotation: "yes"} }, true},
		"nothing to lose":              {func(s *scope) { s.machine.Spec.ProviderID = "" }, false},
		"an address to lose":           {func(s *scope) { s.machine.Spec.ProviderID, s.machine.Status.AllocatedIPAddress = "", "192.0.2.1" }, true},
		"a VM that the status forgot":  {func(s *scope) { s.machine.Spec.ProviderID, s.vm = "", &kubevirtv1.VirtualMachine{} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scope{
				machine: &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "m"}},
				owner:   &clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Name: "m"}}, cluster: &clusterv1.Cluster{},
			}
			s.machine.Spec.ProviderID = "harvester://uid"
			test.change(s)
			assert.Equal(t, test.blocked, orphanGuard(s) != "", orphanGuard(s))
		})
	}
}

// Whatever the user's affinity is, it is not changed, and the zone is required in each of its alternatives.
func TestNodeAffinityNeverSharesTheUsersSpec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := drawAffinity(t)
		before := user.DeepCopy()
		got := nodeAffinity(user, "zone-a")
		terms := got.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		if len(terms) == 0 {
			t.Fatal("no term requires the zone")
		}
		for i := range terms {
			last := terms[i].MatchExpressions[len(terms[i].MatchExpressions)-1]
			if last.Key != corev1.LabelTopologyZone || last.Values[0] != "zone-a" {
				t.Fatalf("term %d does not require the zone: %v", i, terms[i])
			}
			terms[i].MatchExpressions[0].Key = "spoilt"
		}
		if !assert.ObjectsAreEqual(before, user) {
			t.Fatalf("the user's affinity was changed: %v, was %v", user, before)
		}
	})
	assert.Nil(t, nodeAffinity(nil, ""))
}

func drawAffinity(t *rapid.T) *corev1.NodeAffinity {
	if rapid.Bool().Draw(t, "nil") {
		return nil
	}
	affinity := &corev1.NodeAffinity{}
	for range rapid.IntRange(0, 3).Draw(t, "terms") {
		if affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
			affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
		}
		term := corev1.NodeSelectorTerm{}
		// Room to spare in the slice is what an append would silently share.
		term.MatchExpressions = make([]corev1.NodeSelectorRequirement, 0, 8)
		for range rapid.IntRange(0, 3).Draw(t, "expressions") {
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
				Key: rapid.StringMatching("[a-z]{1,5}").Draw(t, "key"), Operator: corev1.NodeSelectorOpExists,
			})
		}
		required := affinity.RequiredDuringSchedulingIgnoredDuringExecution
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, term)
	}
	return affinity
}

func TestBootOrders(t *testing.T) {
	order := func(n int32) *int32 { return &n }
	assert.Equal(t, []uint{1, 2}, bootOrders([]infrav1.Volume{{}, {}}))
	assert.Equal(t, []uint{0, 1}, bootOrders([]infrav1.Volume{{}, {BootOrder: order(1)}}))
	assert.Equal(t, []uint{1, 2}, bootOrders([]infrav1.Volume{{BootOrder: order(0)}, {}}))
}

// Every phase that a VM can be in has a reason of its own choosing.
func TestEveryVMPhaseHasAReason(t *testing.T) {
	for _, p := range []harvesterclient.VMPhase{
		harvesterclient.PhaseCreating, harvesterclient.PhaseStarting, harvesterclient.PhaseRunning, harvesterclient.PhasePaused,
		harvesterclient.PhaseStopping, harvesterclient.PhaseStopped, harvesterclient.PhaseHalted, harvesterclient.PhaseCrashed,
		harvesterclient.PhaseUnschedulable, harvesterclient.PhaseFailed, harvesterclient.PhaseDeleting, harvesterclient.PhaseUnknown,
	} {
		assert.NotEmpty(t, runningReasons[p], p)
	}
}

func TestMACAddressesAreStableAndUnique(t *testing.T) {
	s := &scope{machine: &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{UID: types.UID("one")}}}
	s.machine.Spec.Networks = []string{"a", "b"}
	first := macAddresses(s)
	assert.Equal(t, first, macAddresses(s))
	assert.NotEqual(t, first[0], first[1])
	s.machine.UID = "two"
	require.NotEqual(t, first, macAddresses(s))
}

func TestHardwareOfTheSpecReachesTheVM(t *testing.T) {
	s := &scope{
		machine: &infrav1.HarvesterMachine{Spec: infrav1.HarvesterMachineSpec{
			CPU: 2, Memory: "4Gi", CPUModel: "host-passthrough",
			HostDevices: []infrav1.HostDevice{{Name: "gpu-0", DeviceName: "nvidia.com/GA102GL_A10"}},
			Firmware:    &infrav1.Firmware{EFI: ptr.To(true)},
			TPM:         &infrav1.TPM{Enabled: ptr.To(true), Persistent: ptr.To(true)},
		}},
		infraCluster: &infrav1.HarvesterCluster{Spec: infrav1.HarvesterClusterSpec{TargetNamespace: "vms"}},
		vmName:       "m-1",
	}
	vm, err := describeVM(s)
	require.NoError(t, err)
	assert.Equal(t, "host-passthrough", vm.CPUModel)
	assert.Equal(t, []harvesterclient.HostDevice{{Name: "gpu-0", DeviceName: "nvidia.com/GA102GL_A10"}}, vm.HostDevices)
	assert.True(t, vm.EFI)
	assert.False(t, vm.SecureBoot, "secure boot is asked for, never assumed")
	assert.True(t, vm.PersistentTPM)
}

// Volumes change while machines come up, and no one waits for that, unless one of them holds up the VM.
func TestVolumesWakeMachinesThatWaitForThem(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, infrav1.AddToScheme(scheme))
	now := metav1.Now()
	running := func(reason string) infrav1.HarvesterMachineStatus {
		return infrav1.HarvesterMachineStatus{Conditions: []metav1.Condition{{Type: infrav1.VMRunningCondition, Status: metav1.ConditionFalse, Reason: reason}}}
	}
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "stays"}, Status: running(infrav1.VMStartingReason)},
		&infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "held-up"}, Status: running(infrav1.VMVolumeNotReadyReason)},
		&infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "given-up"}, Status: running(infrav1.VMStartTimedOutReason)},
		&infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "leaves", DeletionTimestamp: &now, Finalizers: []string{infrav1.MachineFinalizer}}},
	).Build()}
	for machine, woken := range map[string]int{"stays": 0, "held-up": 1, "given-up": 1, "leaves": 1, "vanished": 1, "": 0} {
		volume := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Labels: names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: "ns", Name: "c"}, Name: machine, VM: machine}),
		}}
		assert.Len(t, r.volumeToMachine(t.Context(), volume), woken, machine)
	}
}
