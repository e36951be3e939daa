package harvestermachine

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ensureLabels adds what is missing of our labels to the VM and to its template, from where Harvester hands them to the
// running instance. This is how a VM of v0.2.x is adopted, together with its Secret, which comes first: a VM that is
// labelled needs no second look. Nothing else of either is written, and nothing if either is not as it was judged any more,
// which is a conflict: the VM may have been replaced, or the cache may lag.
func ensureLabels(ctx context.Context, s *scope) error {
	wanted := names.MachineLabels(s.identity())
	if names.Carries(s.vm.Labels, wanted) && s.vm.Spec.Template != nil && names.Carries(s.vm.Spec.Template.ObjectMeta.Labels, wanted) {
		return nil
	}
	if err := adoptSecret(ctx, s, wanted); err != nil {
		return err
	}
	s.vm = s.vm.DeepCopy()
	base := write.IfUnchanged(s.vm)
	s.vm.Labels = names.Merged(s.vm.Labels, wanted)
	if s.vm.Spec.Template == nil {
		s.vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	}
	s.vm.Spec.Template.ObjectMeta.Labels = names.Merged(s.vm.Spec.Template.ObjectMeta.Labels, wanted)
	if err := s.harvester.Client().Patch(ctx, s.vm, base); err != nil {
		return fmt.Errorf("label VM %s: %w", s.vmKey(), err)
	}
	return nil
}

// adoptSecret labels the cloud-init Secret that the VM reads, if it has the name that we, and v0.2.x, give it.
func adoptSecret(ctx context.Context, s *scope, wanted map[string]string) error {
	key := types.NamespacedName{Namespace: s.targetNamespace(), Name: names.CloudInitSecret(s.vmName)}
	if !readsSecret(s.vm, key.Name) {
		return nil
	}
	secret := &corev1.Secret{}
	err := s.harvester.Client().Get(ctx, key, secret)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Secret %s: %w", key, err)
	}
	if _, claimed := secret.Labels[infrav1.ManagedByLabel]; claimed {
		return nil
	}
	base := write.IfUnchanged(secret)
	secret.Labels = names.Merged(secret.Labels, wanted)
	return phase.Wrap(s.harvester.Client().Patch(ctx, secret, base), "label Secret %s", key)
}

func readsSecret(vm *kubevirtv1.VirtualMachine, name string) bool {
	if vm.Spec.Template == nil {
		return false
	}
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		source := volume.CloudInitNoCloud
		if source != nil && source.UserDataSecretRef != nil && source.UserDataSecretRef.Name == name {
			return true
		}
	}
	return false
}
