package harvesterclient

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// maxCachedAnnotation is the length in bytes above which an annotation of a virtual machine is not kept in memory.
const maxCachedAnnotation = 1024

// strip takes out of an object, before it is cached, what no one here reads: who wrote which field, and large annotations of
// virtual machines and their instances. The annotation that lists a machine's claims stays, whatever its length.
//
// Of claims only the metadata stays: they are watched to see them go.
//
// Only machines, instances and claims lose anything that could be written, and Connection.Client refuses to update those, so
// that no update made from the cache can erase anything.
func strip(obj any) (any, error) {
	accessor, err := meta.Accessor(obj)
	if err != nil {
		return obj, nil //nolint:nilerr // a tombstone: it holds an object that was stripped when it came
	}
	accessor.SetManagedFields(nil)
	switch o := obj.(type) {
	case *kubevirtv1.VirtualMachine:
		o.Annotations = withoutLarge(o.Annotations)
	case *kubevirtv1.VirtualMachineInstance:
		o.Annotations = withoutLarge(o.Annotations)
		// The machine's template says the same, and the rest is KubeVirt's own bookkeeping.
		o.Spec = kubevirtv1.VirtualMachineInstanceSpec{}
	case *corev1.PersistentVolumeClaim:
		o.Annotations, o.Spec, o.Status = nil, corev1.PersistentVolumeClaimSpec{}, corev1.PersistentVolumeClaimStatus{}
	}

	return obj, nil
}

func withoutLarge(annotations map[string]string) map[string]string {
	maps.DeleteFunc(annotations, func(key, value string) bool {
		return len(value) > maxCachedAnnotation && key != AnnotationVolumeClaimTemplates
	})

	return annotations
}
