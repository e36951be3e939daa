package harvesterclient

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

func readerOf(objects ...client.Object) client.Reader {
	return fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(objects...).Build()
}

// failing is a reader whose every request fails.
func failing(err error) client.Reader {
	return fake.NewClientBuilder().WithScheme(NewScheme()).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return err
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return err },
	}).Build()
}

func image(namespace, name, displayName string, change ...func(*hciv1.VirtualMachineImage)) *hciv1.VirtualMachineImage {
	result := &hciv1.VirtualMachineImage{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	result.Spec.DisplayName = displayName
	result.Spec.Backend = hciv1.BackendBackingImage
	result.Status = hciv1.VirtualMachineImageStatus{
		Progress: 100, VirtualSize: 10 << 30, StorageClassName: "class-of-" + displayName,
		Conditions: []hciv1.Condition{{Type: hciv1.ImageImported, Status: corev1.ConditionTrue}},
	}
	for _, c := range change {
		c(result)
	}

	return result
}

func importing(i *hciv1.VirtualMachineImage) {
	i.Status.Progress = 42
	i.Status.Conditions = []hciv1.Condition{{Type: hciv1.ImageImported, Status: corev1.ConditionUnknown}}
}

func importFailed(i *hciv1.VirtualMachineImage) {
	i.Status.Failed = 4
	i.Status.Conditions = []hciv1.Condition{
		{Type: hciv1.ImageImported, Status: corev1.ConditionFalse, Message: "404 from example.org"},
		{Type: hciv1.ImageRetryLimitExceeded, Status: corev1.ConditionTrue},
	}
}

func TestResolveImage(t *testing.T) {
	t.Parallel()
	ubuntu := Image{
		Namespace: "default", Name: "image-1", DisplayName: "ubuntu",
		StorageClassName: "class-of-ubuntu", VirtualSize: 10 << 30, Backend: "backingimage",
	}
	reader := readerOf(
		image("default", "image-1", "ubuntu"),
		image("default", "image-2", "twice"), image("default", "image-3", "twice"),
		image("default", "image-4", "busy", importing),
		image("default", "image-5", "broken", importFailed),
		image("default", "image-6", "lost", func(i *hciv1.VirtualMachineImage) {
			i.Status.Conditions = append(i.Status.Conditions, hciv1.Condition{Type: hciv1.ImageBackingImageMissing, Status: corev1.ConditionTrue})
		}),
		image("default", "image-7", "classless", func(i *hciv1.VirtualMachineImage) { i.Status.StorageClassName = "" }),
		image("default", "image-8", "image-1"), // its display name is another one's name
		image("public", "image-9", "ubuntu", func(i *hciv1.VirtualMachineImage) {
			i.Spec.Backend, i.Spec.TargetStorageClassName = hciv1.BackendCDI, "wished-for"
			i.Status.StorageClassName, i.Status.VirtualSize = "given", 0
		}),
		image("default", "image-10", "old", func(i *hciv1.VirtualMachineImage) { i.Spec.Backend = "" }),
		image("default", "image-12", "labelled", func(i *hciv1.VirtualMachineImage) {
			i.Labels = map[string]string{hciv1.ImageOSTypeLabel: "SLEs"}
		}),
		image("default", "image-11", "leaving", func(i *hciv1.VirtualMachineImage) {
			i.Finalizers, i.DeletionTimestamp = []string{"x/y"}, &metav1.Time{Time: time.Unix(1, 0)}
		}),
	)
	for name, tc := range map[string]struct {
		ref     string
		want    Image
		kind    error
		message string
	}{
		"by name":                      {"image-1", ubuntu, nil, ""},
		"by display name":              {"ubuntu", ubuntu, nil, ""},
		"in another namespace":         {"public/ubuntu", Image{Namespace: "public", Name: "image-9", DisplayName: "ubuntu", StorageClassName: "given", Backend: "cdi"}, nil, ""},
		"none":                         {"debian", Image{}, ErrNotFound, `image "default/debian" does not exist on Harvester, neither by name nor by display name`},
		"none in that namespace":       {"public/twice", Image{}, ErrNotFound, "does not exist"},
		"several":                      {"twice", Image{}, ErrInvalid, `2 images have this display name ("image-2", "image-3")`},
		"still importing":              {"busy", Image{}, ErrNotReady, "(busy) is still being imported (42%)"},
		"failed for good":              {"broken", Image{}, ErrInvalid, "failed to import after 4 attempts: 404 from example.org"},
		"lost its data":                {"lost", Image{}, ErrInvalid, "has lost its data"},
		"without class":                {"classless", Image{}, ErrNotReady, "has no storage class yet"},
		"going":                        {"leaving", Image{}, ErrNotReady, "is being deleted"},
		"written before backends were": {"old", Image{Namespace: "default", Name: "image-10", DisplayName: "old", StorageClassName: "class-of-old", VirtualSize: 10 << 30, Backend: "backingimage"}, nil, ""},
		"says what it runs":            {"labelled", Image{Namespace: "default", Name: "image-12", DisplayName: "labelled", OSType: "SLEs", StorageClassName: "class-of-labelled", VirtualSize: 10 << 30, Backend: "backingimage"}, nil, ""},
		"too many slashes":             {"a/b/c", Image{}, ErrInvalid, "want <name> or <namespace>/<name>"},
		"empty":                        {"", Image{}, ErrInvalid, "want <name>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := ResolveImage(t.Context(), reader, tc.ref, "default")
			if tc.kind != nil {
				assertOnlyKind(t, tc.kind, err)
				assert.ErrorContains(t, err, tc.message)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, found, "the class is only ever what the status says")
			assert.Equal(t, tc.want.Namespace+"/"+tc.want.Name, found.ID())
		})
	}
}

func TestResolveReportsFailures(t *testing.T) {
	t.Parallel()
	reader := failing(apierrors.NewServiceUnavailable("away"))
	for name, resolve := range map[string]func() error{
		"image":    func() error { _, err := ResolveImage(t.Context(), reader, "a", "b"); return err },
		"key pair": func() error { _, err := ResolveKeyPair(t.Context(), reader, "a", "b"); return err },
		"network":  func() error { _, err := ResolveNetwork(t.Context(), reader, "a", "b"); return err },
		"class":    func() error { return ResolveStorageClass(t.Context(), reader, "a") },
		"version":  func() error { _, err := ReadServerVersion(t.Context(), reader); return err },
		"address":  func() error { _, err := ManagementAddress(t.Context(), reader); return err },
	} {
		err := resolve()
		require.ErrorIs(t, err, ErrTransient, name)
		assert.ErrorContains(t, err, "look up", name)
	}
}

func TestResolveKeyPair(t *testing.T) {
	t.Parallel()
	pair := func(name string, status corev1.ConditionStatus) *hciv1.KeyPair {
		result := &hciv1.KeyPair{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		result.Spec.PublicKey = "ssh-ed25519 AAAA me\n"
		if status != "" {
			result.Status.Conditions = []hciv1.Condition{{Type: hciv1.KeyPairValidated, Status: status, Message: "why"}}
		}
		return result
	}
	reader := readerOf(pair("good", corev1.ConditionTrue), pair("bad", corev1.ConditionFalse), pair("new", ""))

	found, err := ResolveKeyPair(t.Context(), reader, "default/good", "other")
	require.NoError(t, err)
	assert.Equal(t, KeyPair{Namespace: "default", Name: "good", PublicKey: "ssh-ed25519 AAAA me"}, found)

	for ref, kind := range map[string]error{"bad": ErrInvalid, "new": ErrNotReady, "none": ErrNotFound, "/x": ErrInvalid} {
		_, err := ResolveKeyPair(t.Context(), reader, ref, "default")
		assertOnlyKind(t, kind, err)
		assert.ErrorContains(t, err, "key pair")
	}
}

func TestResolveNetwork(t *testing.T) {
	t.Parallel()
	network := func(name string, labels, annotations map[string]string) *nadv1.NetworkAttachmentDefinition {
		return &nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: labels, Annotations: annotations}}
	}
	leaving := network("leaving", map[string]string{nadv1.LabelReady: "true"}, nil)
	leaving.Finalizers, leaving.DeletionTimestamp = []string{"x/y"}, &metav1.Time{Time: time.Unix(1, 0)}
	reader := readerOf(
		network("plain", nil, nil),
		network("routed", map[string]string{nadv1.LabelReady: "true"}, map[string]string{nadv1.AnnotationRoute: `{"mode":"manual","cidr":"10.0.0.7/24","gateway":"10.0.0.1"}`}),
		network("odd", nil, map[string]string{nadv1.AnnotationRoute: `{"cidr":"10.0.0.0/24","gateway":"10.1.0.1"}`}),
		network("broken", nil, map[string]string{nadv1.AnnotationRoute: `{"cidr":"x"}`}),
		network("away", map[string]string{nadv1.LabelReady: "false", nadv1.LabelClusterNetwork: "cn"}, nil),
		leaving,
	)
	for name, want := range map[string]Network{
		"plain":  {},
		"routed": {CIDR: netip.MustParsePrefix("10.0.0.0/24"), Gateway: netip.MustParseAddr("10.0.0.1")},
		"odd":    {CIDR: netip.MustParsePrefix("10.0.0.0/24")},
		"broken": {},
	} {
		want.Namespace, want.Name = "default", name
		found, err := ResolveNetwork(t.Context(), reader, name, "default")
		require.NoError(t, err)
		assert.Equal(t, want, found)
		assert.Equal(t, "default/"+name, found.ID())
	}
	_, err := ResolveNetwork(t.Context(), reader, "away", "default")
	assertOnlyKind(t, ErrNotReady, err)
	require.ErrorContains(t, err, `cluster network "cn"`)
	_, err = ResolveNetwork(t.Context(), reader, "leaving", "default")
	assertOnlyKind(t, ErrNotReady, err)
	require.ErrorContains(t, err, "is being deleted")
	_, err = ResolveNetwork(t.Context(), reader, "none", "default")
	assertOnlyKind(t, ErrNotFound, err)
}

func TestResolveStorageClass(t *testing.T) {
	t.Parallel()
	reader := readerOf(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "longhorn"}}, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "longhorn-static"}})
	require.NoError(t, ResolveStorageClass(t.Context(), reader, "longhorn"))
	require.NoError(t, ResolveStorageClass(t.Context(), reader, ""))
	assertOnlyKind(t, ErrInvalid, ResolveStorageClass(t.Context(), reader, "longhorn-static"))
	assertOnlyKind(t, ErrNotFound, ResolveStorageClass(t.Context(), reader, "none"))
}

func TestManagementAddress(t *testing.T) {
	t.Parallel()
	config := func(ip string) client.Reader {
		return readerOf(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "harvester-system", Name: "vip"}, Data: map[string]string{"ip": ip}})
	}
	for _, ip := range []string{"10.0.0.2", "fd00::2"} {
		address, err := ManagementAddress(t.Context(), config(ip))
		require.NoError(t, err)
		assert.Equal(t, ip, address.String())
	}
	for _, ip := range []string{"", "0.0.0.0", "junk"} {
		_, err := ManagementAddress(t.Context(), config(ip))
		assertOnlyKind(t, ErrNotReady, err)
	}
	_, err := ManagementAddress(t.Context(), readerOf())
	assertOnlyKind(t, ErrNotFound, err)
}
