package harvestermachine

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// prepare connects to Harvester and finds out what is there: this machine's VM, or everything needed to make one. It
// shares its condition with the vm phase, and creates nothing.
func (r *Reconciler) prepare(ctx context.Context, s *scope) phase.Outcome {
	if s.infraCluster == nil || !ptr.Deref(s.cluster.Status.Initialization.InfrastructureProvisioned, false) {
		return phase.Wait(infrav1.WaitingForClusterInfrastructureReason,
			fmt.Sprintf("Waits for the infrastructure of Cluster %s to be provisioned", s.clusterName()))
	}
	if err := r.connect(ctx, s); err != nil {
		return phase.Fail(err, infrav1.VMFailedReason)
	}
	judged, err := r.observe(ctx, s)
	switch {
	case err != nil:
		return phase.Fail(err, infrav1.VMFailedReason)
	case !judged.ours():
		recheck := r.wake.When(ctx, s.harvester, s.foreign, harvesterclient.UntilGone, s.request(), foreignRecheck)
		return phase.Until(recheck, infrav1.VMNotOwnedReason, judged.foreign).Outdating(ofTheVM...)
	case s.vm == nil && s.machine.Spec.ProviderID != "":
		return phase.Wait(infrav1.VMMissingReason, fmt.Sprintf("VM %s (%s) was deleted outside of Cluster API; delete the Machine to get a new one",
			s.vmKey(), s.machine.Spec.ProviderID)).Outdating(ofTheVM...)
	case s.vm != nil && s.machine.Spec.ProviderID == "" && !s.vm.DeletionTimestamp.IsZero():
		// An earlier machine of this name left it. Adopted, it would be missing for good a moment later.
		recheck := r.wake.When(ctx, s.harvester, s.vm, harvesterclient.UntilGone, s.request(), foreignRecheck)
		return phase.Until(recheck, infrav1.VMNotOwnedReason, fmt.Sprintf("Waiting for VM %s, which is being deleted, to be gone", s.vmKey()))
	case s.vm != nil:
		return r.untilCached(s)
	case s.whose().ID == "": // As right after an upgrade: nothing may be made that does not say whose it is.
		return phase.Wait(infrav1.WaitingForClusterInfrastructureReason,
			fmt.Sprintf("Waiting for HarvesterCluster %s to be identified on Harvester", s.infraCluster.Name))
	}
	s.references, err = resolveReferences(ctx, r.lookups(s), &s.machine.Spec, s.targetNamespace())
	if err == nil {
		err = requireFailureDomain(ctx, r.lookups(s), s.failureDomain())
	}
	if err != nil {
		return phase.Fail(err, infrav1.VMFailedReason)
	}
	return phase.Unchanged()
}

// connect fills in the connection and the VM's name.
func (r *Reconciler) connect(ctx context.Context, s *scope) error {
	name, err := names.VM(s.machine.Name)
	if err != nil {
		return phase.Because(infrav1.VMRejectedReason, err)
	}
	s.vmName = name
	s.harvester, err = r.Identities.Connect(ctx, s.infraCluster)
	return err
}

// observe fills in the VM and its instance, if the VM is this machine's, and says whose it is otherwise. The cache only
// holds VMs that carry our label, and may lag: what it does not know is asked for live.
func (r *Reconciler) observe(ctx context.Context, s *scope) (verdict, error) {
	vm := &kubevirtv1.VirtualMachine{}
	err := s.harvester.Cache().Get(ctx, s.vmKey(), vm)
	if err == nil {
		r.remembered.forget(createdKey(s)) // From now on the cache knows better.
	} else if created, found := r.justCreated(s); found && apierrors.IsNotFound(err) {
		vm, err = created, nil
	}
	if err != nil || !judge(vm, s.machine, s.whose()).ours() {
		vm = &kubevirtv1.VirtualMachine{}
		err = s.harvester.Client().Get(ctx, s.vmKey(), vm)
	}
	if apierrors.IsNotFound(err) {
		return verdict{}, nil
	}
	if err != nil {
		return verdict{}, fmt.Errorf("read VM %s: %w", s.vmKey(), err)
	}
	judged := judge(vm, s.machine, s.whose())
	if !judged.ours() {
		s.foreign = vm
		return judged, nil
	}
	s.vm = vm
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := s.harvester.Cache().Get(ctx, s.vmKey(), vmi); err == nil {
		s.vmi = vmi
	}
	return judged, nil
}

// requireNoForeignVolumes refuses to make a VM whose volumes exist already and are somebody else's: Harvester would
// attach them as they are.
func requireNoForeignVolumes(ctx context.Context, s *scope) error {
	for _, name := range derivedClaims(s) {
		claim := &corev1.PersistentVolumeClaim{}
		key := types.NamespacedName{Namespace: s.targetNamespace(), Name: name}
		err := s.harvester.Client().Get(ctx, key, claim)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return fmt.Errorf("read volume %s: %w", key, err)
		case !ownedByMachine(s, claim.Labels):
			return fmt.Errorf("%w: volume %s exists and is not this machine's; delete or rename it", phase.ErrForeign, key)
		}
	}
	return nil
}

func isAny(err error, kinds ...error) bool {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
