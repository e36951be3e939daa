package simulator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

func seededImage(t *testing.T, c client.Client) *hciv1.VirtualMachineImage {
	t.Helper()
	image := &hciv1.VirtualMachineImage{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "image-sles15"}, image))
	return image
}

// Section 9, Images/keys, line 1.
func TestImageIsImportedWithProgress(t *testing.T) {
	stand := own(t, simulator.Options{ImageDelay: 600 * time.Millisecond})
	c, err := client.NewWithWatch(stand.Admin(), client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	space := namespace(t, c)
	changes, err := c.Watch(t.Context(), &hciv1.VirtualMachineImageList{}, client.InNamespace(space))
	require.NoError(t, err)
	defer changes.Stop()
	require.NoError(t, c.Create(t.Context(), newImage(space, "image-x7f", "sles.qcow2")))
	var seen []int
	classBefore := false
	for {
		event := <-changes.ResultChan()
		image, ok := event.Object.(*hciv1.VirtualMachineImage)
		require.True(t, ok)
		imported := kit.IsTrue(image.Status.Conditions, hciv1.ImageImported)
		classBefore = classBefore || !imported && image.Status.StorageClassName != ""
		seen = append(seen, image.Status.Progress)
		if imported {
			assert.Equal(t, "lh-"+string(image.UID), image.Status.StorageClassName)
			assert.Equal(t, int64(storage.DefaultVirtualSize), image.Status.VirtualSize)
			assert.Equal(t, "sles.qcow2", image.Labels[hciv1.ImageDisplayNameLabel])
			require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: image.Status.StorageClassName}, &storagev1.StorageClass{}))
			break
		}
		assert.Less(t, image.Status.Progress, 100)
	}
	assert.IsNonDecreasing(t, seen)
	assert.Greater(t, len(seen), 2)
	assert.True(t, classBefore, "the storage class is named before it can be used")
}

// Section 9, Images/keys, line 1.
func TestImageThatCannotBeImported(t *testing.T) {
	c := admin(t, shared.stand)
	image := newImage(namespace(t, c), "broken", "broken.qcow2")
	image.Annotations = map[string]string{storage.ImportAnnotation: "fails"}
	require.NoError(t, c.Create(t.Context(), image))
	get(t, c, client.ObjectKeyFromObject(image), image, func(image *hciv1.VirtualMachineImage) error {
		return accept(kit.IsTrue(image.Status.Conditions, hciv1.ImageRetryLimitExceeded), "%+v", image.Status)
	})
	assert.False(t, kit.IsTrue(image.Status.Conditions, hciv1.ImageImported))
}

// Section 9, Images/keys, line 1: before 1.8 a class is named after the image.
func TestImageClassBefore18(t *testing.T) {
	stand := own(t, simulator.Options{Version: "v1.7.1"})
	c := admin(t, stand)
	image := newImage(namespace(t, c), "image-old", "old.qcow2")
	require.NoError(t, c.Create(t.Context(), image))
	get(t, c, client.ObjectKeyFromObject(image), image, func(image *hciv1.VirtualMachineImage) error {
		return accept(image.Status.StorageClassName == "longhorn-image-old", "class is %q", image.Status.StorageClassName)
	})
}

// Section 9, Images/keys, line 1: names and display names differ, and can clash.
func TestImageDisplayNames(t *testing.T) {
	c := admin(t, shared.stand)
	here, there := namespace(t, c), namespace(t, c)
	first := newImage(here, "image-a", "same.qcow2")
	require.NoError(t, c.Create(t.Context(), first))
	second := newImage(here, "image-b", "same.qcow2")
	err := c.Create(t.Context(), second)
	assert.True(t, apierrors.IsConflict(err), "%v", err)
	require.NoError(t, c.Create(t.Context(), newImage(there, "image-a", "same.qcow2")), "another namespace may have the same")
	err = attempt(t, c, first, func(image *hciv1.VirtualMachineImage) { image.Spec.DisplayName = "other.qcow2" })
	assert.True(t, apierrors.IsInvalid(err), "%v", err)

	// The check goes by a label, so that an image that lost it does not count.
	change(t, c, first, func(image *hciv1.VirtualMachineImage) { delete(image.Labels, hciv1.ImageDisplayNameLabel) })
	require.NoError(t, c.Create(t.Context(), newImage(here, "image-b", "same.qcow2")))
}

// Section 9, Images/keys, line 2.
func TestKeyPairsAreValidated(t *testing.T) {
	c := admin(t, shared.stand)
	pair := &hciv1.KeyPair{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "capi-ssh-key"}, pair))
	assert.True(t, kit.IsTrue(pair.Status.Conditions, "validated"), "lower case, as upstream")
	assert.Regexp(t, `^([0-9a-f]{2}:){15}[0-9a-f]{2}$`, pair.Status.FingerPrint)
	for _, key := range []string{"", "not a key", "ssh-rsa AAAA"} {
		err := c.Create(t.Context(), &hciv1.KeyPair{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "bad"}, Spec: hciv1.KeyPairSpec{PublicKey: key}})
		assert.True(t, apierrors.IsInvalid(err), "%q: %v", key, err)
	}
}
