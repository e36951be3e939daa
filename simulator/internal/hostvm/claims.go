package hostvm

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

// createClaims makes what the VM's annotation lists and does not exist yet, without an owner, and grows what it lists
// larger. An entry whose image does not exist is passed over: the VM then waits for the claim.
func (c *MachineController) createClaims(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	templates, err := claims.Templates(vm)
	if err != nil {
		// The validator lets nobody write this; a VM that has it all the same is left as it is.
		c.Log.Info("claims of a VM cannot be read", "vm", client.ObjectKeyFromObject(vm).String(), "reason", err.Error())
		return nil
	}
	for i := range templates {
		if err := c.ensureClaim(ctx, vm, &templates[i].PersistentVolumeClaim); err != nil {
			return fmt.Errorf("claim %s/%s: %w", vm.Namespace, templates[i].Name, err)
		}
	}
	return nil
}

func (c *MachineController) ensureClaim(ctx context.Context, vm *kubevirtv1.VirtualMachine, template *corev1.PersistentVolumeClaim) error {
	current := &corev1.PersistentVolumeClaim{}
	err := c.Live.Get(ctx, client.ObjectKey{Namespace: vm.Namespace, Name: template.Name}, current)
	if err == nil {
		return c.grow(ctx, current, template)
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	namespace, name, ok := claims.Image(template)
	if ok {
		image := &hciv1.VirtualMachineImage{}
		err := c.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, image)
		if apierrors.IsNotFound(err) {
			c.Log.Info("image of a claim does not exist; the claim is not made", "claim", template.Name, "image", namespace+"/"+name)
			return nil
		}
		if err != nil {
			return err
		}
		if image.Spec.Backend == hciv1.BackendCDI && c.Quirks.CDIImages {
			return c.createDataVolume(ctx, vm, template, image)
		}
	}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: vm.Namespace, Name: template.Name, Labels: template.Labels, Annotations: template.Annotations},
		Spec:       template.Spec,
	}
	return ignoreExisting(c.Client.Create(ctx, claim))
}

// grow enlarges a claim; it never shrinks one.
func (c *MachineController) grow(ctx context.Context, current, template *corev1.PersistentVolumeClaim) error {
	if template.Spec.Resources.Requests.Storage().Cmp(*current.Spec.Resources.Requests.Storage()) <= 0 {
		return nil
	}
	current.Spec.Resources.Requests = template.Spec.Resources.Requests
	return c.Client.Update(ctx, current)
}

// createDataVolume makes the object from which CDI makes the claim. Harvester does not hand the template's labels on (v1.8.0,
// pkg/controller/master/virtualmachine, createDataVolume).
func (c *MachineController) createDataVolume(ctx context.Context, vm *kubevirtv1.VirtualMachine, template *corev1.PersistentVolumeClaim, image *hciv1.VirtualMachineImage) error {
	volume := &cdiv1.DataVolume{
		ObjectMeta: metav1.ObjectMeta{Namespace: vm.Namespace, Name: template.Name, Annotations: template.Annotations},
		Spec: cdiv1.DataVolumeSpec{
			Source: &cdiv1.DataVolumeSource{PVC: &cdiv1.DataVolumeSourcePVC{Namespace: image.Namespace, Name: image.Name}},
			Storage: &cdiv1.StorageSpec{
				AccessModes: template.Spec.AccessModes, VolumeMode: template.Spec.VolumeMode,
				StorageClassName: template.Spec.StorageClassName, Resources: template.Spec.Resources,
			},
		},
	}
	return ignoreExisting(c.Client.Create(ctx, volume))
}

// removeClaims deletes what the VM lists for removal, and nothing else. Before 1.4 only claims of the VM's template
// count.
func (c *MachineController) removeClaims(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	names := claims.Removed(vm)
	if !c.Quirks.RemovesAnyListedClaim && vm.Spec.Template != nil {
		used := claims.Used(vm.Spec.Template.Spec.Volumes)
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(used, name) })
	}
	for _, name := range names {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: vm.Namespace, Name: name}}
		if err := client.IgnoreNotFound(c.Client.Delete(ctx, claim)); err != nil {
			return fmt.Errorf("can't delete PVC %s/%s: %w", vm.Namespace, name, err)
		}
	}
	return nil
}

func ignoreExisting(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
