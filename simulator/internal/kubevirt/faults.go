package kubevirt

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// QuotaAnnotation says why Harvester halted a VM that did not fit the namespace's quota.
const QuotaAnnotation = "harvesterhci.io/insufficient-resource-quota"

// Faults break machines on demand. Safe for concurrent use.
type Faults struct {
	kit.Env
	power *Power

	mu        sync.Mutex
	noAddress map[types.NamespacedName]bool
	noAgent   map[types.NamespacedName]bool
	hostile   map[types.NamespacedName]bool
}

// NewFaults returns faults for the machines of power; nothing is broken yet.
func NewFaults(env kit.Env, power *Power) *Faults {
	return &Faults{Env: env, power: power, noAddress: map[types.NamespacedName]bool{}, noAgent: map[types.NamespacedName]bool{}, hostile: map[types.NamespacedName]bool{}}
}

// WithoutAddress keeps a VM's agent from ever reporting addresses; it counts as connected. It may be set before the VM
// exists.
func (f *Faults) WithoutAddress(vm types.NamespacedName, broken bool) {
	f.set(f.noAddress, vm, broken, "without address")
}

// WithoutAgent makes a VM's guest agent disappear: the condition and all addresses go, the VM runs on.
func (f *Faults) WithoutAgent(vm types.NamespacedName, broken bool) {
	f.set(f.noAgent, vm, broken, "without agent")
}

// Hostile has a VM's guest agent, which the guest's root controls, report hundreds of addresses and long names beside what
// is true.
func (f *Faults) Hostile(vm types.NamespacedName, broken bool) {
	f.set(f.hostile, vm, broken, "hostile agent")
}

func (f *Faults) isHostile(vm types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hostile[vm]
}

func (f *Faults) set(list map[types.NamespacedName]bool, vm types.NamespacedName, broken bool, what string) {
	f.mu.Lock()
	if broken {
		list[vm] = true
	} else {
		delete(list, vm)
	}
	f.mu.Unlock()
	f.note(vm, fmt.Sprintf("%s: %t", what, broken))
	f.power.wakeName(vm)
}

func (f *Faults) lacksAddress(vm types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.noAddress[vm]
}

func (f *Faults) lacksAgent(vm types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.noAgent[vm]
}

func (f *Faults) note(vm types.NamespacedName, detail string) {
	f.History.Record(history.Event{Kind: history.Fault, Namespace: vm.Namespace, Name: vm.Name, Detail: detail})
}

// Crash ends a running guest out of order: the instance becomes Failed and the run strategy decides what follows.
func (f *Faults) Crash(ctx context.Context, vm types.NamespacedName) error {
	return f.end(ctx, vm, false, Crashed)
}

// ShutDown makes a guest shut itself down in order: the instance becomes Succeeded.
func (f *Faults) ShutDown(ctx context.Context, vm types.NamespacedName) error {
	return f.end(ctx, vm, true, ShutDown)
}

func (f *Faults) end(ctx context.Context, vm types.NamespacedName, graceful bool, exit PowerState) error {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := f.Live.Get(ctx, vm, vmi); err != nil {
		return fmt.Errorf("make VM %s be %s: %w", vm, exit, err)
	}
	f.note(vm, string(exit))
	if f.power.finish(vmi.UID, graceful, exit) {
		return fmt.Errorf("make VM %s be %s: it is not running", vm, exit)
	}
	return nil
}

// HaltByQuota halts a VM as Harvester does when it does not fit the namespace's resource quota: the run strategy becomes
// Halted, and an annotation and an event say why.
func (f *Faults) HaltByQuota(ctx context.Context, key types.NamespacedName, reason string) error {
	vm := &kubevirtv1.VirtualMachine{}
	if err := f.Live.Get(ctx, key, vm); err != nil {
		return fmt.Errorf("halt VM %s by quota: %w", key, err)
	}
	f.note(key, "halted by quota")
	patch := client.MergeFrom(vm.DeepCopy())
	halted := kubevirtv1.RunStrategyHalted
	vm.Spec.Running, vm.Spec.RunStrategy = nil, &halted
	metav1.SetMetaDataAnnotation(&vm.ObjectMeta, QuotaAnnotation, reason)
	if err := f.Client.Patch(ctx, vm, patch); err != nil {
		return fmt.Errorf("halt VM %s by quota: %w", key, err)
	}
	return f.quotaEvent(ctx, vm, reason)
}

func (f *Faults) quotaEvent(ctx context.Context, vm *kubevirtv1.VirtualMachine, reason string) error {
	now := metav1.NewTime(f.Clock.Now())
	err := f.Client.Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: vm.Namespace, GenerateName: vm.Name + "."},
		InvolvedObject: corev1.ObjectReference{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachine", Namespace: vm.Namespace, Name: vm.Name, UID: vm.UID},
		Reason:         "InsufficientResourceQuota", Message: reason, Type: corev1.EventTypeWarning, Count: 1,
		FirstTimestamp: now, LastTimestamp: now, Source: corev1.EventSource{Component: "harvester"},
	})
	if err != nil {
		return fmt.Errorf("event about VM %s/%s: %w", vm.Namespace, vm.Name, err)
	}
	return nil
}

// Vanish removes a VM and its instance at once, past every finalizer, as a lost etcd or a careless person would. Claims
// stay.
func (f *Faults) Vanish(ctx context.Context, key types.NamespacedName) error {
	f.note(key, "vanished")
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: vm.ObjectMeta}
	if err := f.Live.Get(ctx, key, vmi); err == nil {
		f.power.Off(vmi.UID, false)
	}
	for _, object := range []client.Object{vm, vmi} {
		if err := f.tear(ctx, object); err != nil {
			return fmt.Errorf("make VM %s vanish: %w", key, err)
		}
	}
	return nil
}

// tear deletes an object and strips its finalizers until it is gone: controllers may add theirs back meanwhile.
func (f *Faults) tear(ctx context.Context, object client.Object) error {
	if err := f.Client.Delete(ctx, object, client.GracePeriodSeconds(0)); err != nil {
		return client.IgnoreNotFound(err)
	}
	return client.IgnoreNotFound(f.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
}

// Migrate moves a running VM to another host; see Operations.Migrate.
func (f *Faults) Migrate(ctx context.Context, key types.NamespacedName) error {
	f.note(key, "migrated")
	return (&Operations{Env: f.Env, Power: f.power}).Migrate(ctx, key)
}
