package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

var templatesField = fmt.Sprintf("metadata.annotations[%s]", claims.TemplatesAnnotation)

// checkTemplates demands an annotation that can be read.
func checkTemplates(vm *kubevirtv1.VirtualMachine) error {
	if _, err := claims.Templates(vm); err != nil {
		return invalid("metadata.annotations", fmt.Sprintf("the volumeClaimTemplates annotaion is invalid: %v", err))
	}
	return nil
}

// checkTemplateChange refuses smaller claims and, in later releases, other storage classes.
func checkTemplateChange(old, vm *kubevirtv1.VirtualMachine, fixedClass bool) error {
	before, err := claims.Templates(old)
	if err != nil {
		return invalid(templatesField, err.Error())
	}
	after, err := claims.Templates(vm)
	if err != nil {
		return invalid(templatesField, err.Error())
	}
	former := map[string]corev1.PersistentVolumeClaimSpec{}
	for _, template := range before {
		former[template.Name] = template.Spec
	}
	var moved []string
	for _, template := range after {
		was, known := former[template.Name]
		if !known {
			continue
		}
		if template.Spec.Resources.Requests.Storage().Cmp(*was.Resources.Requests.Storage()) < 0 {
			return invalid(templatesField, template.Name+" PVC requests storage can't be less than previous value")
		}
		if was.StorageClassName != nil && template.Spec.StorageClassName != nil && *was.StorageClassName != *template.Spec.StorageClassName {
			moved = append(moved, fmt.Sprintf(" new name %s in volume %s;", *template.Spec.StorageClassName, template.Name))
		}
	}
	if len(moved) > 0 && fixedClass {
		return fmt.Errorf("storage class names for the volumes in the %s annotation cannot be changed;%s", claims.TemplatesAnnotation, strings.Join(moved, ""))
	}
	return nil
}

// checkVolumes refuses claims that hold an image, and claims that another machine uses and cannot share.
func (v *vmValidator) checkVolumes(ctx context.Context, vm *kubevirtv1.VirtualMachine) error {
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		claim := &corev1.PersistentVolumeClaim{}
		key := client.ObjectKey{Namespace: vm.Namespace, Name: volume.PersistentVolumeClaim.ClaimName}
		if err := v.known.Get(ctx, key, claim); err != nil {
			if apierrors.IsNotFound(err) {
				continue
			}
			return fmt.Errorf("failed to get PVC %s: %w", key, err)
		}
		if claim.Annotations[claims.GoldenImageAnnotation] == "true" {
			return invalid("spec.templates.spec.volumes", fmt.Sprintf("PVC %s is a golden image, it can't be used as a volume in VM", key))
		}
		if v.shareable(ctx, claim) {
			continue
		}
		users, err := v.usersOf(ctx, key, vm)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return invalid("spec.templates.spec.volumes", fmt.Sprintf("PVC %s is already used by other VM, please use a shareable RWX volume.", key))
		}
	}
	return nil
}

// shareable tells whether two machines may use a claim: it must be read-write-many and not of Longhorn.
func (v *vmValidator) shareable(ctx context.Context, claim *corev1.PersistentVolumeClaim) bool {
	provisioner := claim.Annotations["volume.kubernetes.io/storage-provisioner"]
	if provisioner == "" && claim.Spec.StorageClassName != nil {
		class := &storagev1.StorageClass{}
		if err := v.known.Get(ctx, client.ObjectKey{Name: *claim.Spec.StorageClassName}, class); err == nil {
			provisioner = class.Provisioner
		}
	}
	return provisioner != kit.LonghornProvisioner && slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteMany)
}

// usersOf are the VMs, other than the given one, whose template names a claim.
func (v *vmValidator) usersOf(ctx context.Context, claim client.ObjectKey, except *kubevirtv1.VirtualMachine) ([]string, error) {
	return usersOfClaim(ctx, v.cache, claim, func(vm *kubevirtv1.VirtualMachine) bool { return vm.Name != except.Name })
}

// usersOfClaim are the VMs, of those that the filter lets pass, whose template names a claim.
func usersOfClaim(ctx context.Context, cache client.Reader, claim client.ObjectKey, filter func(*kubevirtv1.VirtualMachine) bool) ([]string, error) {
	list := &kubevirtv1.VirtualMachineList{}
	if err := cache.List(ctx, list, client.InNamespace(claim.Namespace), client.MatchingFields{claimIndex: claim.Name}); err != nil {
		return nil, fmt.Errorf("list VMs that use PVC %s: %w", claim, err)
	}
	var users []string
	for i := range list.Items {
		if filter(&list.Items[i]) {
			users = append(users, list.Items[i].Namespace+"/"+list.Items[i].Name)
		}
	}
	return users, nil
}
