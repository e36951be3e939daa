package harvesterclient

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// ClaimTemplate is one entry of the volumeClaimTemplates annotation: a whole claim, and, while Harvester
// (1.8 and later) moves the disk to another storage class, the claim it moves to.
type ClaimTemplate struct {
	corev1.PersistentVolumeClaim `json:",inline"`

	TargetVolume string `json:"targetVolume,omitempty"`
}

// ClaimTemplates reads the volumeClaimTemplates annotation of a virtual machine. Without one the result is
// empty. An error wraps ErrInvalid.
func ClaimTemplates(vm *kubevirtv1.VirtualMachine) ([]ClaimTemplate, error) {
	value := vm.Annotations[AnnotationVolumeClaimTemplates]
	if value == "" {
		return nil, nil
	}
	var templates []ClaimTemplate
	if err := json.Unmarshal([]byte(value), &templates); err != nil {
		return nil, failf(ErrInvalid, "virtual machine %s/%s: annotation %s is not a JSON array of claims: %w",
			vm.Namespace, vm.Name, AnnotationVolumeClaimTemplates, err)
	}

	return templates, nil
}

// claimTemplates encodes the claims of the disks. Harvester creates them when it sees the annotation, in the machine's
// own namespace and without an owner.
func (vm *VM) claimTemplates() (string, error) {
	templates := make([]corev1.PersistentVolumeClaim, 0, len(vm.Disks))
	for _, disk := range vm.Disks {
		templates = append(templates, disk.claim(vm.VolumeLabels))
	}
	encoded, err := json.Marshal(templates)
	if err != nil {
		return "", fmt.Errorf("encode claim templates: %w", err)
	}

	return string(encoded), nil
}

// claim is a raw block volume that several hosts can open, as live migration needs.
func (d *Disk) claim(labels map[string]string) corev1.PersistentVolumeClaim {
	block := corev1.PersistentVolumeBlock
	claim := corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: d.PVCName, Labels: maps.Clone(labels)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			VolumeMode:  &block,
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: d.Size.DeepCopy()},
			},
		},
	}
	if d.ImageID != "" {
		claim.Annotations = map[string]string{AnnotationImageID: d.ImageID}
	}
	if d.StorageClassName != "" {
		class := d.StorageClassName
		claim.Spec.StorageClassName = &class
	}

	return claim
}

// RemovedDisks lists the claims that must go with a virtual machine, in order: those of its annotation, which
// Harvester made for it, and the claim one of them is being moved to, once the machine uses it. Claims that are
// hot-plugged are never among them: the guest cluster's storage driver put them there, and they hold its
// workloads' data. An unreadable annotation lists nothing.
func RemovedDisks(vm *kubevirtv1.VirtualMachine) []string {
	templates, err := ClaimTemplates(vm)
	if err != nil {
		return nil
	}
	attached := attachedClaims(vm)
	listed := map[string]bool{"": true}
	var removed []string
	add := func(name string) {
		if !listed[name] && attached[name] != hotplugged {
			listed[name] = true
			removed = append(removed, name)
		}
	}
	for _, template := range templates {
		add(template.Name)
		if attached[template.TargetVolume] == plugged {
			add(template.TargetVolume)
		}
	}

	return removed
}

// attachment is how a machine uses a claim.
type attachment int

const (
	_ attachment = iota // not attached
	plugged
	hotplugged
)

// attachedClaims are the claims in a machine's spec. A claim that is there twice counts as hot-plugged if it is so once.
func attachedClaims(vm *kubevirtv1.VirtualMachine) map[string]attachment {
	claims := map[string]attachment{}
	if vm.Spec.Template == nil {
		return claims
	}
	note := func(name string, hotpluggable bool) {
		how := plugged
		if hotpluggable {
			how = hotplugged
		}
		claims[name] = max(claims[name], how)
	}
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil {
			note(claim.ClaimName, claim.Hotpluggable)
		}
		if data := volume.DataVolume; data != nil {
			note(data.Name, data.Hotpluggable)
		}
	}

	return claims
}
