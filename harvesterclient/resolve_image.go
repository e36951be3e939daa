package harvesterclient

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// Image is an image that disks can be made from now.
type Image struct {
	Namespace, Name string
	// DisplayName is what people call the image.
	DisplayName string
	// OSType is what whoever uploaded it says that it runs, in the words of Harvester's dashboard, such as "SLEs" or "ubuntu"; empty
	// if nothing is said.
	OSType string
	// StorageClassName is the class of disks made from it.
	StorageClassName string
	// VirtualSize is the least number of bytes such a disk must have; zero when Harvester has not told.
	VirtualSize int64
	// Backend is "backingimage" or "cdi".
	Backend string
}

// ID is the form in which a disk refers to its image.
func (i Image) ID() string { return i.Namespace + "/" + i.Name }

// ResolveImage finds an image by "[<namespace>/]<name>", where the name is that of the object or, failing that, the
// display name. None gives ErrNotFound, several of one display name ErrInvalid with their names, one that is still being
// imported ErrNotReady, one whose import failed for good ErrInvalid. It takes one request, a list.
func ResolveImage(ctx context.Context, r client.Reader, ref, defaultNamespace string) (Image, error) {
	key, err := splitRef("image", ref, defaultNamespace)
	if err != nil {
		return Image{}, err
	}
	images := &hciv1.VirtualMachineImageList{}
	if err := r.List(ctx, images, client.InNamespace(key.Namespace)); err != nil {
		return Image{}, fmt.Errorf("look up image %q on Harvester: %w", key, Classify(err))
	}
	found, err := pickImage(images.Items, key)
	if err != nil {
		return Image{}, err
	}

	return usableImage(found)
}

// pickImage takes the image of that name or, failing that, the only one of that display name.
func pickImage(images []hciv1.VirtualMachineImage, key client.ObjectKey) (*hciv1.VirtualMachineImage, error) {
	var matches []*hciv1.VirtualMachineImage
	var names []string
	for i := range images {
		if images[i].Name == key.Name {
			return &images[i], nil
		}
		if images[i].Spec.DisplayName == key.Name {
			matches = append(matches, &images[i])
			names = append(names, images[i].Name)
		}
	}
	switch len(matches) {
	case 0:
		return nil, failf(ErrNotFound, "image %q does not exist on Harvester, neither by name nor by display name", key)
	case 1:
		return matches[0], nil
	default:
		return nil, failf(ErrInvalid, "image %q: %d images have this display name (%s): use the name of one", key, len(matches), sortedQuoted(names))
	}
}

func usableImage(image *hciv1.VirtualMachineImage) (Image, error) {
	what := fmt.Sprintf("image %q (%s)", client.ObjectKeyFromObject(image), image.Spec.DisplayName)
	imported := imageCondition(image, hciv1.ImageImported)
	switch {
	case image.DeletionTimestamp != nil:
		return Image{}, failf(ErrNotReady, "%s is being deleted", what)
	case imageCondition(image, hciv1.ImageRetryLimitExceeded).isTrue():
		return Image{}, failf(ErrInvalid, "%s failed to import after %d attempts: %s", what, image.Status.Failed, orUnknown(imported.message))
	case imageCondition(image, hciv1.ImageBackingImageMissing).isTrue():
		return Image{}, failf(ErrInvalid, "%s has lost its data: import it again", what)
	case !imported.isTrue():
		return Image{}, failf(ErrNotReady, "%s is still being imported (%d%%)", what, image.Status.Progress)
	case image.Status.StorageClassName == "":
		return Image{}, failf(ErrNotReady, "%s has no storage class yet", what)
	}
	backend := image.Spec.Backend
	if backend == "" { // written before Harvester 1.5
		backend = hciv1.BackendBackingImage
	}

	return Image{
		Namespace:        image.Namespace,
		Name:             image.Name,
		DisplayName:      image.Spec.DisplayName,
		OSType:           image.Labels[hciv1.ImageOSTypeLabel],
		StorageClassName: image.Status.StorageClassName,
		VirtualSize:      image.Status.VirtualSize,
		Backend:          string(backend),
	}, nil
}

func imageCondition(image *hciv1.VirtualMachineImage, conditionType string) condition {
	return findCondition(image.Status.Conditions, conditionType)
}

func findCondition(conditions []hciv1.Condition, conditionType string) condition {
	for _, c := range conditions {
		if c.Type == conditionType {
			return condition{status: c.Status, message: c.Message}
		}
	}

	return condition{}
}

func orUnknown(message string) string {
	if message == "" {
		return "no reason given"
	}

	return message
}
