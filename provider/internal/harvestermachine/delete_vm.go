package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// volumeRecheck is how soon a volume that Harvester removes, and that may not be watched, is looked for again.
const volumeRecheck = 5 * time.Second

// deleteVM deletes the VM together with its own volumes, and waits until it is gone: until then its guest may be
// running and using its address. A VM that lacks its cluster's labels, as one of v0.2.x that was never adopted, is labelled
// first, so that its going is an event, and its Secret goes too.
func (r *Reconciler) deleteVM(ctx context.Context, s *scope) phase.Outcome {
	if s.vm == nil {
		return phase.Unchanged()
	}
	waiting := busy(infrav1.DeletingVMReason, fmt.Sprintf("Waits for VM %s to be gone", s.vmKey()))
	if !s.whose().Owns(s.vm.Labels) {
		if err := ensureLabels(ctx, s); apierrors.IsNotFound(err) {
			return phase.Again()
		} else if err != nil {
			return failed("label the VM", err)
		}
	}
	if !s.vm.DeletionTimestamp.IsZero() {
		return waiting
	}
	if err := noteClaims(ctx, s); err != nil {
		return failed("note the VM's volumes", err)
	}
	err := harvesterclient.DeleteVM(ctx, s.harvester.Client(), s.vm)
	r.Metrics.RecordMachineDelete(err)
	if err != nil {
		return failed("delete the VM", err)
	}
	r.event(ctx, s, infrav1.VMDeletedEvent, "Delete", "Deleted VM %s", s.vmKey())
	return waiting
}

// cachedAsOurs tells whether the cache shows a claim with this machine's labels. One that is noted although it has them
// does no harm.
func cachedAsOurs(ctx context.Context, s *scope, name string) bool {
	claim := &corev1.PersistentVolumeClaim{}
	err := s.harvester.Cache().Get(ctx, types.NamespacedName{Namespace: s.targetNamespace(), Name: name}, claim)
	return err == nil && ownedByMachine(s, claim.Labels)
}

func derivedClaims(s *scope) []string {
	claims := make([]string, 0, len(s.machine.Spec.Volumes))
	for i := range s.machine.Spec.Volumes {
		claims = append(claims, names.Volume(s.vmName, i))
	}
	return claims
}

// deleteVolumes verifies that the VM's volumes are gone, and removes those that Harvester left: it only removes volumes
// together with a VM, and the VM may have been deleted by someone else. A claim is known by its whole name, never by
// a prefix, and by our label or our own note. What another VM of the machine's name uses stays: it was put in the place of
// ours, as by a restore from Harvester's backup.
func (r *Reconciler) deleteVolumes(ctx context.Context, s *scope) phase.Outcome {
	noted, err := notedClaims(ctx, s)
	if err != nil {
		return failed("delete the volumes", err)
	}
	left, recheck, used := 0, wake.Safety, useOf(s.foreign).claims
	for _, name := range union(derivedClaims(s), noted) {
		if slices.Contains(used, name) {
			continue
		}
		gone, again, err := r.ensureClaimGone(ctx, s, name, slices.Contains(noted, name))
		if err != nil {
			return failed("delete the volumes", err)
		}
		if !gone {
			left++
			recheck = min(recheck, again)
		}
	}
	if left == 0 {
		return phase.Unchanged()
	}
	outcome := busy(infrav1.DeletingVolumesReason, fmt.Sprintf("Waits for %d volumes of VM %s to be gone", left, s.vmKey()))
	outcome.RequeueAfter = recheck
	return outcome
}

// union is a, and what of b is not in it.
func union(a, b []string) []string {
	return append(slices.Clone(a), slices.DeleteFunc(slices.Clone(b), func(name string) bool { return slices.Contains(a, name) })...)
}

// ensureClaimGone deletes one claim. While it is not gone, again tells how soon to look although its going is an event: one
// that carries our labels is in the cache, any other is followed. That the cache shows none proves nothing, so Harvester
// itself is asked then.
func (r *Reconciler) ensureClaimGone(ctx context.Context, s *scope, name string, noted bool) (gone bool, again time.Duration, err error) {
	claim := &corev1.PersistentVolumeClaim{}
	key := types.NamespacedName{Namespace: s.targetNamespace(), Name: name}
	err = s.harvester.Cache().Get(ctx, key, claim)
	cached := client.IgnoreNotFound(err) == nil // Else it is not filled, for want of rights as a rule.
	if err != nil {
		err = s.harvester.Client().Get(ctx, key, claim)
	}
	switch {
	case apierrors.IsNotFound(err):
		return true, 0, nil
	case err != nil:
		return false, 0, fmt.Errorf("read volume %s: %w", key, err)
	case !noted && !ownedByMachine(s, claim.Labels):
		return true, 0, nil // Somebody else's volume of that name is none of our business.
	case claim.DeletionTimestamp.IsZero():
		err = s.harvester.Client().Delete(ctx, claim, write.Exactly(claim))
		if err = client.IgnoreNotFound(err); err != nil {
			return false, 0, fmt.Errorf("delete volume %s: %w", key, err)
		}
	}
	if cached && ownedByMachine(s, claim.Labels) {
		return false, wake.Safety, nil
	}
	return false, r.wake.When(ctx, s.harvester, claim, harvesterclient.UntilGone, s.request(), volumeRecheck), nil
}
