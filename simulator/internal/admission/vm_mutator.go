package admission

import (
	"cmp"
	"context"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// Settings that mutation reads.
const (
	overcommitSetting    = "overcommit-config"
	overheadRatioSetting = "additional-guest-memory-overhead-ratio"
	gracePeriodSetting   = "default-vm-termination-grace-period-seconds"
)

// vmMutator does to VMs what Harvester's mutating webhook does.
type vmMutator struct {
	reader client.Reader
	quirks version.Quirks
	macs   *macSource
}

// mutate rewrites a VM; old is nil on create.
func (m *vmMutator) mutate(ctx context.Context, old, vm *kubevirtv1.VirtualMachine) error {
	if !vm.DeletionTimestamp.IsZero() || vm.Spec.Template == nil {
		return nil
	}
	if old != nil && m.quirks.QualifiedCPUManager {
		if err := checkCPUManager(old, vm); err != nil {
			return err
		}
	}
	if old == nil || old.Spec.Template == nil || resourcesChanged(old, vm) {
		if err := m.setResources(ctx, vm); err != nil {
			return err
		}
	}
	if m.quirks.DefaultCPU {
		setDefaultCPU(&vm.Spec.Template.Spec.Domain)
	}
	if old != nil {
		restoreRunStrategy(old, vm)
	}
	_, networks, err := clusterNetworks(ctx, m.reader, vm, vm.Namespace)
	if err != nil {
		return err
	}
	vm.Spec.Template.Spec.Affinity = rewriteAffinity(vm.Spec.Template.Spec.Affinity, networks, dedicated(vm), cpuManager(m.quirks))
	if err := m.setGracePeriod(ctx, vm); err != nil {
		return err
	}
	if m.quirks.MACsInSpec {
		setMACs(vm, m.macs.next)
	}
	return nil
}

func (m *vmMutator) setResources(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	text, err := m.setting(ctx, overcommitSetting)
	if err != nil || text == "" {
		return err
	}
	config, err := parseOvercommit(text)
	if err != nil {
		return err
	}
	ratio := ""
	if m.quirks.GuestMemoryOverheadRatio {
		if ratio, err = m.setting(ctx, overheadRatioSetting); err != nil {
			return err
		}
	}
	return setResources(vm, config, ratio != "" && ratio != "0", m.quirks)
}

func (m *vmMutator) setGracePeriod(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	if vm.Spec.Template.Spec.TerminationGracePeriodSeconds != nil {
		return nil
	}
	text, err := m.setting(ctx, gracePeriodSetting)
	if err != nil || text == "" {
		return err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	vm.Spec.Template.Spec.TerminationGracePeriodSeconds = &seconds
	return nil
}

// setting is the effective value of a setting, empty if it does not exist.
func (m *vmMutator) setting(ctx context.Context, name string) (string, error) {
	setting := &hciv1.Setting{}
	if err := m.reader.Get(ctx, client.ObjectKey{Name: name}, setting); err != nil {
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return "", err
	}
	return setting.EffectiveValue(), nil
}

// restoreRunStrategy replaces whatever strategy a halted VM is started with by the one that it ran with before.
func restoreRunStrategy(old, vm *kubevirtv1.VirtualMachine) {
	if vm.Spec.Running != nil || old.Spec.RunStrategy == nil || vm.Spec.RunStrategy == nil {
		return
	}
	if *old.Spec.RunStrategy != kubevirtv1.RunStrategyHalted || *vm.Spec.RunStrategy == kubevirtv1.RunStrategyHalted {
		return
	}
	former := cmp.Or(kubevirtv1.VirtualMachineRunStrategy(vm.Annotations[kit.RunStrategyAnnotation]), kubevirtv1.RunStrategyRerunOnFailure)
	vm.Spec.RunStrategy = &former
}
