package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// volumeState is what Harvester says of one volume of a VM.
type volumeState struct {
	name string
	// claim is nil when it does not exist.
	claim *corev1.PersistentVolumeClaim
	// class is the claim's storage class; nil when it does not exist, or was not looked at as the claim is bound.
	class *storagev1.StorageClass
	// unknownClass is true where the account may not read the class.
	unknownClass bool
	// warning is what the storage driver said last; empty when it said nothing, or the account may not read it.
	warning string
}

// readVolumes asks Harvester for the volumes without which the VM does not start: one request for each, and two more for one
// that is not bound.
func readVolumes(ctx context.Context, s *scope) ([]volumeState, error) {
	var states []volumeState
	for _, name := range bootVolumes(s.vm) {
		state := volumeState{name: name}
		claim, key := &corev1.PersistentVolumeClaim{}, client.ObjectKey{Namespace: s.targetNamespace(), Name: name}
		err := s.harvester.Client().Get(ctx, key, claim)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("read volume %s: %w", key, err)
		default:
			state.claim = claim
			if err := describeUnbound(ctx, s.harvester.Client(), &state); err != nil {
				return nil, err
			}
		}
		states = append(states, state)
	}

	return states, nil
}

// describeUnbound fills in why a claim may not be bound. What the account may not read is left out.
func describeUnbound(ctx context.Context, reader client.Reader, state *volumeState) error {
	if state.claim.Status.Phase == corev1.ClaimBound {
		return nil
	}
	if name := ptr.Deref(state.claim.Spec.StorageClassName, ""); name != "" {
		class := &storagev1.StorageClass{}
		err := reader.Get(ctx, client.ObjectKey{Name: name}, class)
		switch {
		case err == nil:
			state.class = class
		case isAny(err, harvesterclient.ErrUnauthorized):
			state.unknownClass = true
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("read storage class %q: %w", name, err)
		}
	}

	warnings := &corev1.EventList{}
	err := reader.List(ctx, warnings, client.InNamespace(state.claim.Namespace), client.Limit(warningsPage),
		client.MatchingFields{"involvedObject.uid": string(state.claim.UID), "type": corev1.EventTypeWarning})
	if err != nil && !isAny(err, harvesterclient.ErrUnauthorized) {
		return fmt.Errorf("list the events of volume %s: %w", client.ObjectKeyFromObject(state.claim), err)
	}
	state.warning = lastWarning(warnings.Items)

	return nil
}

const (
	// warningsPage is how many events of one claim are looked at.
	warningsPage = 50
	// maxWarning is how much of an event is repeated, in bytes.
	maxWarning = 300
)

// bootVolumes are the claims that a VM does not start without: those of its template, but for hotplugged ones. Pure.
func bootVolumes(vm *kubevirtv1.VirtualMachine) []string {
	if vm == nil || vm.Spec.Template == nil {
		return nil
	}
	var names []string
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		switch {
		case volume.PersistentVolumeClaim != nil && !volume.PersistentVolumeClaim.Hotpluggable:
			names = append(names, volume.PersistentVolumeClaim.ClaimName)
		case volume.DataVolume != nil && !volume.DataVolume.Hotpluggable:
			names = append(names, volume.DataVolume.Name)
		}
	}

	return names
}

// lastWarning is the message of the event that happened last. Pure.
func lastWarning(events []corev1.Event) string {
	if len(events) == 0 {
		return ""
	}
	last := slices.MaxFunc(events, func(a, b corev1.Event) int { return happened(a).Compare(happened(b).Time) })
	message := strings.TrimSpace(last.Message)
	if len(message) > maxWarning {
		message = strings.ToValidUTF8(message[:maxWarning], "") + " ..."
	}

	return message
}

// happened is when an event happened last; which field says so depends on who wrote it.
func happened(event corev1.Event) metav1.Time {
	switch {
	case event.Series != nil:
		return metav1.Time{Time: event.Series.LastObservedTime.Time}
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp
	case !event.EventTime.IsZero():
		return metav1.Time{Time: event.EventTime.Time}
	default:
		return event.CreationTimestamp
	}
}

// causesOf says of each volume that is not ready why, in the order of the VM's disks. Pure.
func causesOf(volumes []volumeState) []string {
	var causes []string
	for _, volume := range volumes {
		if cause := causeOf(volume); cause != "" {
			causes = append(causes, fmt.Sprintf("volume %s %s", volume.name, cause))
		}
	}

	return causes
}

// causeOf says why a volume is not ready; the empty string when it is. Pure.
func causeOf(volume volumeState) string {
	claim := volume.claim
	switch {
	case claim == nil:
		return "does not exist: Harvester creates it from the VM's annotation, or it was deleted"
	case !claim.DeletionTimestamp.IsZero():
		return "is being deleted"
	case claim.Status.Phase == corev1.ClaimBound:
		return ""
	case claim.Status.Phase == corev1.ClaimLost:
		return fmt.Sprintf("has lost its PersistentVolume %q: restore it, or delete the Machine to get a new one", claim.Spec.VolumeName)
	}

	name := ptr.Deref(claim.Spec.StorageClassName, "")
	switch {
	case name == "":
		return "is not bound: it names no storage class"
	case volume.class == nil && !volume.unknownClass:
		return fmt.Sprintf("is not bound: storage class %q does not exist", name)
	case volume.warning != "":
		return fmt.Sprintf("is not bound: storage class %q says: %s", name, volume.warning)
	case volume.class != nil && ptr.Deref(volume.class.VolumeBindingMode, "") == storagev1.VolumeBindingWaitForFirstConsumer:
		return fmt.Sprintf("is not bound: storage class %q waits until a host is chosen for the VM", name)
	}

	return fmt.Sprintf("is not bound: storage class %q%s has not provided it; it asks for %s", name, provisioner(volume.class), demands(claim))
}

func provisioner(class *storagev1.StorageClass) string {
	if class == nil || class.Provisioner == "" {
		return ""
	}

	return fmt.Sprintf(" (provisioner %s)", class.Provisioner)
}

// demands says what a claim asks of its class, which classes with one writer, or with file systems only, do not give.
func demands(claim *corev1.PersistentVolumeClaim) string {
	modes := make([]string, 0, len(claim.Spec.AccessModes))
	for _, mode := range claim.Spec.AccessModes {
		modes = append(modes, string(mode))
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]

	return fmt.Sprintf("%s in mode %s with %s, which the class must support",
		strings.Join(modes, ", "), ptr.Deref(claim.Spec.VolumeMode, corev1.PersistentVolumeFilesystem), size.String())
}
