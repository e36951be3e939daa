package admission

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// imageRules are Harvester's for VM images.
type imageRules struct{ reader client.Reader }

// mutate repeats the display name in the label by which images are found.
func (r imageRules) mutate(_ context.Context, old, image *hciv1.VirtualMachineImage) error {
	if old != nil {
		return nil
	}
	if image.Labels == nil {
		image.Labels = map[string]string{}
	}
	image.Labels[hciv1.ImageDisplayNameLabel] = image.Spec.DisplayName
	if image.Spec.Backend == "" {
		image.Spec.Backend = hciv1.BackendBackingImage
	}
	return nil
}

// create refuses a second image of the same display name in a namespace. It compares labels, so that an image written
// without one escapes it.
func (r imageRules) create(ctx context.Context, _, image *hciv1.VirtualMachineImage) error {
	if image.Spec.DisplayName == "" {
		return invalid("spec.displayName", "displayName is required")
	}
	same := &hciv1.VirtualMachineImageList{}
	err := r.reader.List(ctx, same, client.InNamespace(image.Namespace), client.MatchingLabels{hciv1.ImageDisplayNameLabel: image.Spec.DisplayName})
	if err != nil {
		return err
	}
	for i := range same.Items {
		if same.Items[i].UID != image.UID {
			return conflict("A resource with the same name exists")
		}
	}
	if image.Spec.SourceType == hciv1.SourceDownload && image.Spec.URL == "" {
		return invalid("spec.url", "url is required")
	}
	return nil
}

func (r imageRules) update(_ context.Context, old, image *hciv1.VirtualMachineImage) error {
	if !image.DeletionTimestamp.IsZero() || old.Spec.DisplayName == image.Spec.DisplayName {
		return nil
	}
	return invalid("spec.displayName", "displayName cannot be modified")
}
