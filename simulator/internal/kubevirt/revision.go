package kubevirt

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// revisionPrefix begins the names of the ControllerRevisions in which KubeVirt keeps what a VM was started from.
func revisionPrefix(vm types.UID) string { return fmt.Sprintf("revision-start-vm-%s-", vm) }

// revisionData is what a ControllerRevision holds of a VM.
type revisionData struct {
	Spec kubevirtv1.VirtualMachineSpec `json:"spec"`
}

// revise keeps the spec that a VM is started from, instead of any other, and returns the revision's name.
func (c *MachineController) revise(ctx context.Context, vm *kubevirtv1.VirtualMachine) (string, error) {
	name := fmt.Sprintf("%s%d", revisionPrefix(vm.UID), vm.Generation)
	known := &appsv1.ControllerRevisionList{}
	if err := c.Live.List(ctx, known, client.InNamespace(vm.Namespace)); err != nil {
		return "", fmt.Errorf("list revisions of VM %s/%s: %w", vm.Namespace, vm.Name, err)
	}
	for i := range known.Items {
		former := &known.Items[i]
		if former.Name == name || !strings.HasPrefix(former.Name, revisionPrefix(vm.UID)) {
			continue
		}
		if err := client.IgnoreNotFound(c.Client.Delete(ctx, former)); err != nil {
			return "", fmt.Errorf("remove revision %s: %w", former.Name, err)
		}
	}
	data, err := encodeRevision(vm)
	if err != nil {
		return "", fmt.Errorf("encode revision %s: %w", name, err)
	}
	err = c.Client.Create(ctx, &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: vm.Namespace, Name: name,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(vm, kubevirtv1.VirtualMachineGroupVersionKind)},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: vm.Generation,
	})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return "", fmt.Errorf("keep revision %s: %w", name, err)
	}
	return name, nil
}

// encodeRevision is what a revision holds, with its keys in order, as KubeVirt writes it. The API server lets nobody change
// a revision's data, and a patch of anything else in it puts the keys in order: the garbage collector could then not orphan
// it, nor its VM.
func encodeRevision(vm *kubevirtv1.VirtualMachine) ([]byte, error) {
	data, err := json.Marshal(revisionData{Spec: vm.Spec})
	if err != nil {
		return nil, err
	}
	var inOrder map[string]any
	if err := json.Unmarshal(data, &inOrder); err != nil {
		return nil, err
	}
	return json.Marshal(inOrder)
}

// restartRequired tells whether the VM's template has changed since its instance was started in a way that the instance
// cannot follow.
func (c *MachineController) restartRequired(ctx context.Context, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) (bool, error) {
	if vmi == nil || !vm.DeletionTimestamp.IsZero() {
		return false, nil
	}
	name := vmi.Status.VirtualMachineRevisionName
	if name == "" || name == fmt.Sprintf("%s%d", revisionPrefix(vm.UID), vm.Generation) {
		return false, nil
	}
	revision := &appsv1.ControllerRevision{}
	if err := c.Live.Get(ctx, client.ObjectKey{Namespace: vm.Namespace, Name: name}, revision); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	started := revisionData{}
	if err := json.Unmarshal(revision.Data.Raw, &started); err != nil {
		return false, fmt.Errorf("decode revision %s: %w", name, err)
	}
	return RestartRequired(&started.Spec, &vm.Spec, vmi), nil
}
