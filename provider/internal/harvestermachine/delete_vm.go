package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
)

// claimsAnnotation lists, on a machine that is being deleted, the claims of its VM that cannot be known by their name and
// our labels together: those of a VM that v0.2.x created, and those that CDI makes, to whose DataVolume Harvester gives no
// labels (createDataVolume, v1.8.0). It is written before the VM is deleted, as afterwards nobody knows.
const claimsAnnotation = "infrastructure.cluster.x-k8s.io/volume-claims"

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
	if !names.OwnedByCluster(s.vm.Labels, s.machine.Namespace, s.clusterName()) {
		if err := ensureLabels(ctx, s); apierrors.IsNotFound(err) {
			return phase.Again()
		} else if err != nil {
			return failed("label the VM", err)
		}
	}
	if !s.vm.DeletionTimestamp.IsZero() {
		return waiting
	}
	if recordClaims(ctx, s) {
		return waiting // The write of the note is an event.
	}
	err := harvesterclient.DeleteVM(ctx, s.harvester.Client(), s.vm)
	r.Metrics.RecordMachineDelete(err)
	if err != nil {
		return failed("delete the VM", err)
	}
	r.event(ctx, s, "VMDeleted", "Delete", "Deleted VM %s", s.vmKey())
	return waiting
}

// recordClaims notes the claims that have to go with the VM and that nobody would know afterwards. It returns true when the
// note still has to be stored.
func recordClaims(ctx context.Context, s *scope) bool {
	derived := derivedClaims(s)
	unknown := slices.DeleteFunc(harvesterclient.RemovedDisks(s.vm), func(name string) bool {
		return slices.Contains(derived, name) && cachedAsOurs(ctx, s, name)
	})
	note := strings.Join(unknown, ",")
	if s.machine.Annotations[claimsAnnotation] == note {
		return false
	}
	if s.machine.Annotations == nil {
		s.machine.Annotations = map[string]string{}
	}
	s.machine.Annotations[claimsAnnotation] = note
	return true
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
// together with a VM, and the VM may have been deleted by somebody else. A claim is known by its whole name, never by
// a prefix, and by our label or our own note.
func (r *Reconciler) deleteVolumes(ctx context.Context, s *scope) phase.Outcome {
	noted := strings.FieldsFunc(s.machine.Annotations[claimsAnnotation], func(c rune) bool { return c == ',' })
	left, recheck := 0, wake.Safety
	for _, name := range union(derivedClaims(s), noted) {
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
		err = s.harvester.Client().Delete(ctx, claim, client.Preconditions{UID: &claim.UID})
		if err = client.IgnoreNotFound(err); err != nil {
			return false, 0, fmt.Errorf("delete volume %s: %w", key, err)
		}
	}
	if cached && ownedByMachine(s, claim.Labels) {
		return false, wake.Safety, nil
	}
	return false, r.wake.When(ctx, s.harvester, claim, harvesterclient.OccasionGone, s.request(), volumeRecheck), nil
}
