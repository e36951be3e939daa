package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// everything is a Harvester on which all that can exist is there and ready: every name that an API server takes.
type everything struct {
	client.Reader
	// images are the volumes whose images are there, by their display names.
	images []infrav1.Volume
}

func (everything) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	_, clusterWide := object.(*storagev1.StorageClass)
	badNamespace := !clusterWide && len(validation.IsDNS1123Label(key.Namespace)) > 0
	if badNamespace || len(validation.IsDNS1123Subdomain(key.Name)) > 0 {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "objects"}, key.String())
	}
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	if pair, found := object.(*hciv1.KeyPair); found {
		pair.Spec.PublicKey = "ssh-ed25519 AAAA"
		pair.Status.Conditions = []hciv1.Condition{{Type: hciv1.KeyPairValidated, Status: corev1.ConditionTrue}}
	}
	return nil
}

// List lists images.
func (e everything) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	parsed := (&client.ListOptions{}).ApplyOptions(options)
	if len(validation.IsDNS1123Label(parsed.Namespace)) > 0 {
		return nil
	}
	images := list.(*hciv1.VirtualMachineImageList) //nolint:forcetypeassert // Nothing else is listed.
	for i, volume := range e.images {
		_, name, found := strings.Cut(volume.ImageName, "/")
		if !found {
			name = volume.ImageName
		}
		if slices.ContainsFunc(images.Items, func(i hciv1.VirtualMachineImage) bool { return i.Spec.DisplayName == name }) {
			continue
		}
		image := hciv1.VirtualMachineImage{ObjectMeta: metav1.ObjectMeta{Namespace: parsed.Namespace, Name: fmt.Sprint("image-", i)}}
		image.Spec.DisplayName = name
		image.Status.StorageClassName, image.Status.VirtualSize = "longhorn-image", 1<<30
		image.Status.Conditions = []hciv1.Condition{{Type: hciv1.ImageImported, Status: corev1.ConditionTrue}}
		images.Items = append(images.Items, image)
	}
	return nil
}
