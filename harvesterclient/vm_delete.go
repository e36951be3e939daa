package harvesterclient

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// DeleteVM deletes a virtual machine together with its own disks. It returns when Harvester has accepted the deletion;
// the machine is gone when reading it gives ErrNotFound. It is safe to call again at any point.
//
// Harvester deletes only the claims named in an annotation, and looks at the annotation once, when it sees the deletion:
// so the annotation is written first (with the resource version, because others write to the machine all the time), and
// the deletion after it, in the foreground and of that very version: a disk that is plugged in between is looked at again.
//
// Only the machine with vm's UID is deleted. Another machine of the same name gives ErrConflict and is left alone; a
// machine that is gone, or going, is success.
func DeleteVM(ctx context.Context, c client.Client, vm *kubevirtv1.VirtualMachine) error {
	key := client.ObjectKeyFromObject(vm)
	live := &kubevirtv1.VirtualMachine{}
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := c.Get(ctx, key, live); err != nil {
			return err
		}
		if live.UID != vm.UID || live.DeletionTimestamp != nil {
			return nil
		}
		if err := markRemovedDisks(ctx, c, live); err != nil {
			return fmt.Errorf("mark the disks of virtual machine %s for deletion: %w", key, err)
		}
		return c.Delete(ctx, live,
			client.PropagationPolicy(metav1.DeletePropagationForeground),
			client.Preconditions{UID: &live.UID, ResourceVersion: &live.ResourceVersion})
	})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("delete virtual machine %s: %w", key, Classify(err))
	case live.UID != vm.UID:
		return failf(ErrConflict, "virtual machine %s is another one by now (uid %s, not %s): it is not deleted", key, live.UID, vm.UID)
	}

	return nil
}

// markRemovedDisks adds the machine's own claims to those already listed.
func markRemovedDisks(ctx context.Context, c client.Client, vm *kubevirtv1.VirtualMachine) error {
	listed := splitNames(vm.Annotations[AnnotationRemovedClaims])
	wanted := slices.Clone(listed)
	for _, name := range RemovedDisks(vm) {
		if !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == len(listed) {
		return nil
	}
	base := client.MergeFromWithOptions(vm.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if vm.Annotations == nil {
		vm.Annotations = map[string]string{}
	}
	vm.Annotations[AnnotationRemovedClaims] = strings.Join(wanted, ",")

	return c.Patch(ctx, vm, base)
}

func splitNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}

	return names
}
