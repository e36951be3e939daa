// Package claims reads the volume claims that a Harvester VM carries in its annotations: which to create and which to
// delete with it. Everything is a pure function.
package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Annotations about volumes.
const (
	// TemplatesAnnotation on a VM is a JSON array of claims to create for it.
	TemplatesAnnotation = "harvesterhci.io/volumeClaimTemplates"
	// ImageAnnotation on such a claim is <namespace>/<name> of the image that it is made from.
	ImageAnnotation = "harvesterhci.io/imageId"
	// RemovedAnnotation on a VM lists, by commas, the claims to delete with it.
	RemovedAnnotation = "harvesterhci.io/removedPersistentVolumeClaims"
	// GoldenImageAnnotation on a claim marks the storage of an image, which no VM may use.
	GoldenImageAnnotation = "harvesterhci.io/goldenImage"
)

// ErrInvalid is returned for an annotation that cannot be understood.
var ErrInvalid = errors.New("invalid volumeClaimTemplates annotation")

// Template is one entry of the annotation: a claim, and where it is being moved to, if it is.
type Template struct {
	corev1.PersistentVolumeClaim `json:",inline"`
	TargetVolume                 string `json:"targetVolume,omitempty"`
}

// Templates reads the annotation of a VM; without it there are none. Every entry has a name.
func Templates(vm *kubevirtv1.VirtualMachine) ([]Template, error) {
	text := vm.Annotations[TemplatesAnnotation]
	if text == "" {
		return nil, nil
	}
	var templates []Template
	if err := json.Unmarshal([]byte(text), &templates); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for i := range templates {
		if templates[i].Name == "" {
			return nil, fmt.Errorf("%w: PVC name is required (entry %d)", ErrInvalid, i)
		}
	}
	return templates, nil
}

// Image splits a claim's image reference; ok is false without one or with one of another form.
func Image(claim *corev1.PersistentVolumeClaim) (namespace, name string, ok bool) {
	namespace, name, ok = strings.Cut(claim.Annotations[ImageAnnotation], "/")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, "/")
}

// Removed lists the claims to delete with a VM.
func Removed(vm *kubevirtv1.VirtualMachine) []string {
	var names []string
	for name := range strings.SplitSeq(vm.Annotations[RemovedAnnotation], ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Used lists the claims that volumes refer to, hotplugged ones included.
func Used(volumes []kubevirtv1.Volume) []string {
	var names []string
	for _, volume := range volumes {
		switch {
		case volume.PersistentVolumeClaim != nil:
			names = append(names, volume.PersistentVolumeClaim.ClaimName)
		case volume.DataVolume != nil:
			names = append(names, volume.DataVolume.Name)
		}
	}
	return names
}
