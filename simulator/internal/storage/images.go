package storage

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// Annotations on an image that tell the simulator how its import goes; Harvester has nothing of the kind.
const (
	// ImportAnnotation is "fails" for an import that is given up, or "hangs" for one that never ends.
	ImportAnnotation = "sandbox.caphv.io/import"
	// VirtualSizeAnnotation is the image's virtual size in bytes.
	VirtualSizeAnnotation = "sandbox.caphv.io/virtual-size"
)

const (
	// DefaultVirtualSize is an image's when nothing else is said, in bytes.
	DefaultVirtualSize = 10 << 30
	// DefaultClass is Harvester's initial storage class.
	DefaultClass = "harvester-longhorn"
	// unfinished is the most that progress shows before the image is complete.
	unfinished = 99
	// importSteps is in how many steps progress grows.
	importSteps = 3
)

// ImageController imports images.
type ImageController struct {
	kit.Env
	Timers *kit.Timers
	// Delay is how long an import takes.
	Delay time.Duration
}

// SetupWithManager starts the controller with the manager.
func (c *ImageController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("virtualmachineimage").
		For(&hciv1.VirtualMachineImage{}).WithOptions(options).Complete(c)
}

// Reconcile brings one image a step further.
func (c *ImageController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	image := &hciv1.VirtualMachineImage{}
	if err := c.Client.Get(ctx, request.NamespacedName, image); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !image.DeletionTimestamp.IsZero() || finished(image) {
		return ctrl.Result{}, nil
	}
	if image.Spec.Backend != hciv1.BackendCDI {
		if err := c.ensureClass(ctx, ClassName(image, c.Quirks.ImageClassByUID)); err != nil {
			return ctrl.Result{}, err
		}
	}
	left := c.Timers.Left("import/"+string(image.UID), c.Delay)
	before := image.Status.DeepCopy()
	image.Status = NextImageStatus(image, c.Delay-left, c.Delay, c.Quirks.ImageClassByUID, c.Clock.Now())
	if equality.Semantic.DeepEqual(before, &image.Status) {
		return ctrl.Result{RequeueAfter: max(c.Delay/importSteps, time.Millisecond)}, nil
	}
	if err := c.Client.Update(ctx, image); err != nil {
		return ctrl.Result{}, fmt.Errorf("write progress of image %s: %w", request, err)
	}
	return ctrl.Result{}, nil
}

func finished(image *hciv1.VirtualMachineImage) bool {
	return kit.IsTrue(image.Status.Conditions, hciv1.ImageImported) || kit.IsTrue(image.Status.Conditions, hciv1.ImageRetryLimitExceeded)
}

// ClassName is the storage class of volumes made from an image. Its form changed in Harvester 1.8; an image kept by CDI
// has none of its own.
func ClassName(image *hciv1.VirtualMachineImage, byUID bool) string {
	switch {
	case image.Spec.Backend == hciv1.BackendCDI:
		return cmp.Or(image.Spec.TargetStorageClassName, DefaultClass)
	case byUID:
		return "lh-" + string(image.UID)
	}
	return "longhorn-" + image.Name
}

// NextImageStatus is what an image's status says after its import has been running for a while. The storage class is
// named at once, long before it can be used.
func NextImageStatus(image *hciv1.VirtualMachineImage, running, takes time.Duration, classByUID bool, now time.Time) hciv1.VirtualMachineImageStatus {
	status := *image.Status.DeepCopy()
	set := func(kind string, value corev1.ConditionStatus, reason, message string) {
		status.Conditions = kit.SetCondition(status.Conditions, kind, value, reason, message, now)
	}
	status.AppliedURL = image.Spec.URL
	status.StorageClassName = ClassName(image, classByUID)
	if image.Spec.Backend == hciv1.BackendCDI {
		status.TargetStorageClassName = status.StorageClassName
	}
	set(hciv1.ImageInitialized, corev1.ConditionTrue, "", "")
	done := running >= takes
	switch how := image.Annotations[ImportAnnotation]; {
	case how == "fails" && done:
		status.Failed = image.Spec.Retry + 1
		set(hciv1.ImageImported, corev1.ConditionFalse, "ImportFailed", "the image cannot be downloaded")
		set(hciv1.ImageRetryLimitExceeded, corev1.ConditionTrue, "", "VMImage has reached its retry limit")
	case done && how != "hangs":
		status.Progress, status.VirtualSize = 100, virtualSize(image)
		status.Size = status.VirtualSize / 4
		set(hciv1.ImageImported, corev1.ConditionTrue, "Imported", "")
		set(hciv1.ImageRetryLimitExceeded, corev1.ConditionFalse, "", "")
	default:
		status.Progress = progress(running, takes)
		set(hciv1.ImageImported, corev1.ConditionUnknown, "Importing", "")
	}
	return status
}

// progress is a percentage in a few steps, so that watching an import is not a storm of writes.
func progress(running, takes time.Duration) int {
	if takes <= 0 || running >= takes {
		return unfinished
	}
	return int(running*importSteps/takes) * unfinished / importSteps
}

func virtualSize(image *hciv1.VirtualMachineImage) int64 {
	if size, err := strconv.ParseInt(image.Annotations[VirtualSizeAnnotation], 10, 64); err == nil && size > 0 {
		return size
	}
	return DefaultVirtualSize
}

// ensureClass makes the storage class of an image.
func (c *ImageController) ensureClass(ctx context.Context, name string) error {
	err := c.Client.Create(ctx, NewClass(name, false))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create storage class %s: %w", name, err)
	}
	return nil
}

// NewClass is a storage class of Longhorn's.
func NewClass(name string, isDefault bool) *storagev1.StorageClass {
	class := &storagev1.StorageClass{
		ObjectMeta:           metav1.ObjectMeta{Name: name},
		Provisioner:          kit.LonghornProvisioner,
		ReclaimPolicy:        ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode:    ptr.To(storagev1.VolumeBindingImmediate),
		AllowVolumeExpansion: ptr.To(true),
		Parameters:           map[string]string{"numberOfReplicas": "3", "migratable": "true"},
	}
	if isDefault {
		class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	return class
}
