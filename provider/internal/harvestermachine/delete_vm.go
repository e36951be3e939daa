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
)

// claimsAnnotation lists, on a machine that is being deleted, the claims of its VM whose names cannot be derived from
// the machine: those of a VM that v0.2.x created. It is written before the VM is deleted, as afterwards nobody knows.
const claimsAnnotation = "infrastructure.cluster.x-k8s.io/volume-claims"

const (
	// volumesRecheck is how soon volumes are looked for again while Harvester removes them: they are not watched.
	volumesRecheck = time.Second
	// unwatchedRecheck is how soon a VM without our label is looked for again.
	unwatchedRecheck = 5 * time.Second
)

// deleteVM deletes the VM together with its own volumes, and waits until it is gone: until then its guest may be
// running and using its address.
func (r *Reconciler) deleteVM(ctx context.Context, s *scope) phase.Outcome {
	if s.vm == nil {
		return phase.Unchanged()
	}
	waiting := busy(infrav1.DeletingVMReason, fmt.Sprintf("Waits for VM %s to be gone", s.vmKey()))
	if s.vm.Labels[infrav1.ManagedByLabel] != infrav1.ManagedByValue {
		waiting.RequeueAfter = unwatchedRecheck // It was never adopted, so its going sends no event.
	}
	if !s.vm.DeletionTimestamp.IsZero() {
		return waiting
	}
	if recordClaims(s) {
		waiting.RequeueAfter = volumesRecheck
		return waiting
	}
	err := harvesterclient.DeleteVM(ctx, s.harvester.Client(), s.vm)
	r.Metrics.RecordMachineDelete(err)
	if err != nil {
		return failed("delete the VM", err)
	}
	r.event(ctx, s, "VMDeleted", "Delete", "Deleted VM %s", s.vmKey())
	return waiting
}

// recordClaims notes the claims that have to go with the VM and whose names do not follow from the machine's. It
// returns true when the note still has to be stored.
func recordClaims(s *scope) bool {
	derived := derivedClaims(s)
	underivable := slices.DeleteFunc(harvesterclient.RemovedDisks(s.vm), func(name string) bool { return slices.Contains(derived, name) })
	note := strings.Join(underivable, ",")
	if s.machine.Annotations[claimsAnnotation] == note {
		return false
	}
	if s.machine.Annotations == nil {
		s.machine.Annotations = map[string]string{}
	}
	s.machine.Annotations[claimsAnnotation] = note
	return true
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
	left := 0
	for _, name := range append(derivedClaims(s), noted...) {
		gone, err := ensureClaimGone(ctx, s, name, slices.Contains(noted, name))
		if err != nil {
			return failed("delete the volumes", err)
		}
		if !gone {
			left++
		}
	}
	if left == 0 {
		return phase.Unchanged()
	}
	outcome := busy(infrav1.DeletingVolumesReason, fmt.Sprintf("Waits for %d volumes of VM %s to be gone", left, s.vmKey()))
	outcome.RequeueAfter = volumesRecheck
	return outcome
}

func ensureClaimGone(ctx context.Context, s *scope, name string, noted bool) (bool, error) {
	claim := &corev1.PersistentVolumeClaim{}
	key := types.NamespacedName{Namespace: s.targetNamespace(), Name: name}
	err := s.harvester.Client().Get(ctx, key, claim)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("read volume %s: %w", key, err)
	case !noted && !ownedByMachine(s, claim.Labels):
		return true, nil // Somebody else's volume of that name is none of our business.
	case !claim.DeletionTimestamp.IsZero():
		return false, nil
	}
	err = s.harvester.Client().Delete(ctx, claim, client.Preconditions{UID: &claim.UID})
	if err = client.IgnoreNotFound(err); err != nil {
		return false, fmt.Errorf("delete volume %s: %w", key, err)
	}
	return false, nil
}
