package admission

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

var usualOvercommit = overcommit{CPU: 1000, Memory: 150, Storage: 100}

func quirks(t require.TestingT, text string) version.Quirks {
	parsed, err := version.Parse(text)
	require.NoError(t, err)
	return parsed.Quirks()
}

// machine is a VM with limits and nothing else.
func machine(cpu, memory string) *kubevirtv1.VirtualMachine {
	vm := &kubevirtv1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "vm", Annotations: map[string]string{}, Labels: map[string]string{}},
		Spec: kubevirtv1.VirtualMachineSpec{
			RunStrategy: ptr.To(kubevirtv1.RunStrategyRerunOnFailure),
			Template:    &kubevirtv1.VirtualMachineInstanceTemplateSpec{},
		},
	}
	limits := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if text != "" {
			limits[name] = resource.MustParse(text)
		}
	}
	vm.Spec.Template.Spec.Domain.Resources.Limits = limits
	return vm
}

func TestResourcesAreComputedFromLimits(t *testing.T) {
	tests := []struct {
		name               string
		vm                 func() *kubevirtv1.VirtualMachine
		ratio              bool
		release            string
		cpu, memory, guest string
		sockets            uint32
		refused            string
	}{
		{name: "overcommit", vm: func() *kubevirtv1.VirtualMachine { return machine("4", "8Gi") }, ratio: true, release: "v1.8.0", cpu: "400m", memory: "5461Mi", guest: "8Gi", sockets: 1},
		{name: "without ratio 100Mi are reserved", vm: func() *kubevirtv1.VirtualMachine { return machine("4", "8Gi") }, release: "v1.8.0", cpu: "400m", memory: "5461Mi", guest: "8092Mi", sockets: 1},
		{name: "old releases leave maxSockets alone", vm: func() *kubevirtv1.VirtualMachine { return machine("4", "8Gi") }, release: "v1.6.0", cpu: "400m", memory: "5461Mi", guest: "8092Mi"},
		{name: "1.9 follows sockets", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("4", "8Gi")
			vm.Spec.Template.Spec.Domain.CPU = &kubevirtv1.CPU{Sockets: 4}
			return vm
		}, ratio: true, release: "v1.9.0", cpu: "400m", memory: "5461Mi", guest: "8Gi", sockets: 4},
		{name: "the user's requests and guest memory are overwritten", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("4", "8Gi")
			domain := &vm.Spec.Template.Spec.Domain
			domain.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi")}
			domain.Memory = &kubevirtv1.Memory{Guest: ptr.To(resource.MustParse("1Gi"))}
			return vm
		}, ratio: true, release: "v1.8.0", cpu: "400m", memory: "5461Mi", guest: "8Gi", sockets: 1},
		{name: "hotplug keeps guest memory", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("4", "8Gi")
			vm.Annotations[hotplugAnnotation] = "true"
			vm.Spec.Template.Spec.Domain.Memory = &kubevirtv1.Memory{Guest: ptr.To(resource.MustParse("2Gi"))}
			return vm
		}, ratio: true, release: "v1.8.0", cpu: "400m", memory: "5461Mi", guest: "2Gi"},
		{name: "reserved memory", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("4", "8Gi")
			vm.Annotations[reservedMemoryAnnotation] = "1Gi"
			return vm
		}, ratio: true, release: "v1.8.0", cpu: "400m", memory: "5461Mi", guest: "7Gi", sockets: 1},
		{name: "dedicated CPUs are not overcommitted", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("4", "8Gi")
			vm.Spec.Template.Spec.Domain.CPU = &kubevirtv1.CPU{DedicatedCPUPlacement: true}
			return vm
		}, ratio: true, release: "v1.8.0", cpu: "4", memory: "8Gi", guest: "8Gi", sockets: 1},
		{name: "too little memory", vm: func() *kubevirtv1.VirtualMachine { return machine("1", "105Mi") }, release: "v1.8.0", refused: "minimum requirement"},
		{name: "reserved more than the limit", vm: func() *kubevirtv1.VirtualMachine {
			vm := machine("1", "1Gi")
			vm.Annotations[reservedMemoryAnnotation] = "1Gi"
			return vm
		}, release: "v1.8.0", refused: "reservedMemory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			vm := test.vm()
			err := setResources(vm, usualOvercommit, test.ratio, quirks(t, test.release))
			if test.refused != "" {
				require.ErrorContains(t, err, test.refused)
				return
			}
			require.NoError(t, err)
			domain := vm.Spec.Template.Spec.Domain
			assert.Equal(t, test.cpu, domain.Resources.Requests.Cpu().String())
			assert.Equal(t, test.memory, domain.Resources.Requests.Memory().String())
			assert.Equal(t, test.guest, domain.Memory.Guest.String())
			if test.sockets > 0 {
				assert.Equal(t, test.sockets, domain.CPU.MaxSockets)
			} else {
				assert.True(t, domain.CPU == nil || domain.CPU.MaxSockets == 0)
			}
		})
	}
}

func TestResourcesWithoutLimitsStayAsTheyAre(t *testing.T) {
	vm := machine("", "")
	vm.Spec.Template.Spec.Domain.Memory = &kubevirtv1.Memory{Guest: ptr.To(resource.MustParse("1Gi"))}
	before := vm.DeepCopy()
	require.NoError(t, setResources(vm, usualOvercommit, true, quirks(t, "v1.8.0")))
	assert.Equal(t, before, vm)
}

func TestResourcesAreRecomputedOnlyWhenTheirInputChanges(t *testing.T) {
	old := machine("4", "8Gi")
	for name, change := range map[string]func(*kubevirtv1.VirtualMachine){
		"cpu":      func(vm *kubevirtv1.VirtualMachine) { *vm = *machine("2", "8Gi") },
		"memory":   func(vm *kubevirtv1.VirtualMachine) { *vm = *machine("4", "4Gi") },
		"reserved": func(vm *kubevirtv1.VirtualMachine) { vm.Annotations[reservedMemoryAnnotation] = "1Gi" },
		"dedicated": func(vm *kubevirtv1.VirtualMachine) {
			vm.Spec.Template.Spec.Domain.CPU = &kubevirtv1.CPU{DedicatedCPUPlacement: true}
		},
	} {
		vm := machine("4", "8Gi")
		assert.False(t, resourcesChanged(old, vm))
		change(vm)
		assert.True(t, resourcesChanged(old, vm), name)
	}
}

func TestAffinityIsRewritten(t *testing.T) {
	required := func(terms ...corev1.NodeSelectorTerm) *corev1.Affinity {
		return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
	}
	in := func(key string, values ...string) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}
	}
	term := func(expressions ...corev1.NodeSelectorRequirement) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: expressions}
	}
	network := in("network.harvesterhci.io/production", "true")
	tests := []struct {
		name      string
		affinity  *corev1.Affinity
		networks  []string
		dedicated bool
		want      *corev1.Affinity
	}{
		{"nothing", nil, nil, false, &corev1.Affinity{}},
		{"a term is made", nil, []string{"production"}, false, required(term(network))},
		{"it is ANDed into every term", required(term(in("zone", "a")), term(in("zone", "b"))), []string{"production"}, false,
			required(term(in("zone", "a"), network), term(in("zone", "b"), network))},
		{"the user's own is stripped", required(term(in("network.harvesterhci.io/mgmt", "true")), term(in("zone", "a"), in("cpumanager", "true"))), nil, false,
			required(term(in("zone", "a")))},
		{"stripped to nothing", required(term(in("cpumanager", "true"))), nil, false, &corev1.Affinity{}},
		{"the same network twice counts once", nil, []string{"production", "production"}, false, required(term(network))},
		{"dedicated CPUs ask for a manager", nil, nil, true, required(term(in("cpumanager", "true")))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, rewriteAffinity(test.affinity, test.networks, test.dedicated, formerCPUManagerLabel))
		})
	}
}

func TestCPUManagersLabelFollowsTheRelease(t *testing.T) {
	for release, want := range map[string]string{"v1.8.0": "cpumanager", "v1.9.0": "kubevirt.io/cpumanager"} {
		key := cpuManager(quirks(t, release))
		affinity := rewriteAffinity(nil, nil, true, key)
		terms := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		require.Len(t, terms, 1)
		assert.Equal(t, want, terms[0].MatchExpressions[0].Key, release)
		assert.Equal(t, &corev1.Affinity{}, rewriteAffinity(affinity, nil, false, key), "it is the webhook's, not the user's")
	}
}

// Since 1.9 a change of the CPU manager's term is refused with 422, whoever writes it; before, it was dropped.
func TestCPUManagersTermIsHarvesters(t *testing.T) {
	with := func(keys ...string) *kubevirtv1.VirtualMachine {
		vm := machine("1", "1Gi")
		var term corev1.NodeSelectorTerm
		for _, key := range keys {
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{"true"}})
		}
		vm.Spec.Template.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}},
		}}
		return vm
	}
	require.NoError(t, checkCPUManager(with("zone"), with("region")))
	require.NoError(t, checkCPUManager(with("zone", cpuManagerLabel), with(cpuManagerLabel)))
	require.NoError(t, checkCPUManager(machine("1", "1Gi"), with("zone")))
	for name, change := range map[string][2]*kubevirtv1.VirtualMachine{
		"added": {with("zone"), with("zone", cpuManagerLabel)}, "taken away": {with(cpuManagerLabel), with("zone")},
		"written without": {with(cpuManagerLabel), machine("1", "1Gi")},
	} {
		var denial *DenialError
		require.ErrorAs(t, checkCPUManager(change[0], change[1]), &denial, name)
		assert.Equal(t, int32(http.StatusUnprocessableEntity), denial.Code, name)
	}
}

func TestRewritingAffinityTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]string{"zone", "cpumanager", "network.harvesterhci.io/mgmt", "kubernetes.io/hostname"})
		var terms []corev1.NodeSelectorTerm
		for range rapid.IntRange(0, 3).Draw(t, "terms") {
			var term corev1.NodeSelectorTerm
			for range rapid.IntRange(0, 3).Draw(t, "expressions") {
				term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: keys.Draw(t, "key"), Operator: corev1.NodeSelectorOpExists})
			}
			terms = append(terms, term)
		}
		networks := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"mgmt", "production"}), rapid.ID).Draw(t, "networks")
		affinity := &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
		once := rewriteAffinity(affinity, networks, false, formerCPUManagerLabel)
		twice := rewriteAffinity(once.DeepCopy(), networks, false, formerCPUManagerLabel)
		assert.Equal(t, once, twice)
	})
}

func TestMACsAreGivenToInterfacesWithout(t *testing.T) {
	vm := machine("1", "1Gi")
	vm.Annotations[kit.MACAnnotation] = `{"nic-1":"52:54:00:00:00:01"}`
	vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "nic-0"}, {Name: "nic-1"}, {Name: "nic-2", MacAddress: "02:00:00:00:00:02"}}
	source := newMACSource(1)
	setMACs(vm, source.next)
	interfaces := vm.Spec.Template.Spec.Domain.Devices.Interfaces
	assert.Regexp(t, `^.[26ae](:[0-9a-f]{2}){5}$`, interfaces[0].MacAddress, "locally administered, unicast")
	assert.Empty(t, interfaces[1].MacAddress, "known from the annotation")
	assert.Equal(t, "02:00:00:00:00:02", interfaces[2].MacAddress)
	assert.Equal(t, interfaces[0].MacAddress, newMACSource(1).next().String(), "seeded")
	vm.Annotations[kit.MACAnnotation] = "nonsense"
	assert.Empty(t, observedMACs(vm))
}

func TestRunStrategyIsRestoredAfterAHalt(t *testing.T) {
	halted, always := ptr.To(kubevirtv1.RunStrategyHalted), ptr.To(kubevirtv1.RunStrategyAlways)
	for name, test := range map[string]struct {
		old, new   *kubevirtv1.VirtualMachineRunStrategy
		annotation string
		want       kubevirtv1.VirtualMachineRunStrategy
	}{
		"remembered":       {halted, always, "Manual", kubevirtv1.RunStrategyManual},
		"nothing known":    {halted, always, "", kubevirtv1.RunStrategyRerunOnFailure},
		"was not halted":   {always, ptr.To(kubevirtv1.RunStrategyManual), "Once", kubevirtv1.RunStrategyManual},
		"stays halted":     {halted, halted, "Always", kubevirtv1.RunStrategyHalted},
		"is being stopped": {always, halted, "Always", kubevirtv1.RunStrategyHalted},
	} {
		t.Run(name, func(t *testing.T) {
			old, vm := machine("1", "1Gi"), machine("1", "1Gi")
			old.Spec.RunStrategy, vm.Spec.RunStrategy = test.old, ptr.To(*test.new)
			if test.annotation != "" {
				vm.Annotations[kit.RunStrategyAnnotation] = test.annotation
			}
			restoreRunStrategy(old, vm)
			assert.Equal(t, test.want, *vm.Spec.RunStrategy)
		})
	}
}

func TestTemplateChange(t *testing.T) {
	with := func(class, size string) *kubevirtv1.VirtualMachine {
		vm := machine("1", "1Gi")
		text, err := json.Marshal([]map[string]any{{"metadata": map[string]any{"name": "a"}, "spec": map[string]any{
			"storageClassName": class, "resources": map[string]any{"requests": map[string]any{"storage": size}},
		}}})
		require.NoError(t, err)
		vm.Annotations[claims.TemplatesAnnotation] = string(text)
		return vm
	}
	old := with("fast", "10Gi")
	require.NoError(t, checkTemplateChange(old, with("fast", "20Gi"), true))
	require.NoError(t, checkTemplateChange(old, machine("1", "1Gi"), true), "the annotation may go")
	require.ErrorContains(t, checkTemplateChange(old, with("fast", "5Gi"), true), "less than previous")
	require.ErrorContains(t, checkTemplateChange(old, with("slow", "10Gi"), true), "cannot be changed")
	require.NoError(t, checkTemplateChange(old, with("slow", "10Gi"), false), "before 1.7")
}

func TestGraftKeepsWhatTheTypesDoNotKnow(t *testing.T) {
	sent := []byte(`{"spec":{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{}},"madeUp":{"a":1}}}},"metadata":{"name":"vm"}}`)
	before := machine("1", "1Gi")
	after := before.DeepCopy()
	after.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To[int64](120)
	merged, err := graft(sent, before, after)
	require.NoError(t, err)
	assert.JSONEq(t, `{"spec":{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{}},"madeUp":{"a":1},"terminationGracePeriodSeconds":120}}},"metadata":{"name":"vm"}}`, string(merged))
}

func TestOtherErrorsBecomeInternal(t *testing.T) {
	answer := response(assert.AnError)
	assert.Equal(t, int32(500), answer.Result.Code)
	assert.Equal(t, metav1.StatusReasonInternalError, answer.Result.Reason)
	answer = response(conflict("attached"))
	assert.Equal(t, int32(409), answer.Result.Code)
}
