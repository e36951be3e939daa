package claims_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

func vm(key, value string) *kubevirtv1.VirtualMachine {
	return &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{key: value}}}
}

func TestTemplates(t *testing.T) {
	list, err := claims.Templates(vm(claims.TemplatesAnnotation, `[{"metadata":{"name":"a-disk-0"},"spec":{"storageClassName":"lh-1"},"targetVolume":"b"}]`))
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "a-disk-0", list[0].Name)
	assert.Equal(t, "lh-1", *list[0].Spec.StorageClassName)
	assert.Equal(t, "b", list[0].TargetVolume)

	list, err = claims.Templates(&kubevirtv1.VirtualMachine{})
	require.NoError(t, err)
	assert.Empty(t, list)

	for _, text := range []string{"{", `[{}]`, `{"metadata":{"name":"a"}}`, `["a"]`} {
		_, err := claims.Templates(vm(claims.TemplatesAnnotation, text))
		require.ErrorIs(t, err, claims.ErrInvalid, text)
	}
}

func TestImage(t *testing.T) {
	tests := map[string]struct {
		namespace, name string
		ok              bool
	}{
		"default/image-abc": {"default", "image-abc", true},
		"image-abc":         {"image-abc", "", false},
		"a/b/c":             {"a", "b/c", false},
		"/b":                {"", "b", false},
		"":                  {"", "", false},
	}
	for text, want := range tests {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{claims.ImageAnnotation: text}}}
		namespace, name, ok := claims.Image(claim)
		assert.Equal(t, want.ok, ok, text)
		if ok {
			assert.Equal(t, [2]string{want.namespace, want.name}, [2]string{namespace, name})
		}
	}
}

func TestRemovedTrimsAndSkipsEmptyNames(t *testing.T) {
	assert.Equal(t, []string{"a", "b"}, claims.Removed(vm(claims.RemovedAnnotation, " a, ,b,")))
	assert.Empty(t, claims.Removed(&kubevirtv1.VirtualMachine{}))
}

func FuzzTemplates(f *testing.F) {
	f.Add(`[{"metadata":{"name":"a"}}]`)
	f.Add(`null`)
	f.Add(`[{"metadata":{"name":"a"},"spec":{"resources":{"requests":{"storage":"10Gi"}}}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := claims.Templates(vm(claims.TemplatesAnnotation, text))
		if err != nil {
			return
		}
		for _, template := range list {
			if template.Name == "" {
				t.Fatal("an entry without a name was accepted")
			}
		}
		if encoded, err := json.Marshal(list); err != nil || !strings.HasPrefix(string(encoded), "[") && list != nil {
			t.Fatalf("an accepted annotation cannot be written back: %v", err)
		}
	})
}
