package harvesterclient

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

func claimVolume(claim string, hotpluggable bool) kubevirtv1.Volume {
	return kubevirtv1.Volume{Name: claim, VolumeSource: kubevirtv1.VolumeSource{
		PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}, Hotpluggable: hotpluggable,
		},
	}}
}

func vmWithClaims(annotation string, volumes ...kubevirtv1.Volume) *kubevirtv1.VirtualMachine {
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "a", UID: "1"}}
	if annotation != "" {
		vm.Annotations = map[string]string{AnnotationVolumeClaimTemplates: annotation}
	}
	vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	vm.Spec.Template.Spec.Volumes = volumes

	return vm
}

func TestRemovedDisks(t *testing.T) {
	t.Parallel()
	dataVolume := kubevirtv1.Volume{VolumeSource: kubevirtv1.VolumeSource{DataVolume: &kubevirtv1.DataVolumeSource{Name: "dv", Hotpluggable: true}}}
	for name, tc := range map[string]struct {
		annotation string
		volumes    []kubevirtv1.Volume
		want       []string
	}{
		"none":                              {"", []kubevirtv1.Volume{claimVolume("a-disk-0", false)}, nil},
		"in order":                          {`[{"metadata":{"name":"b"}},{"metadata":{"name":"a"}}]`, nil, []string{"b", "a"}},
		"once each, none without name":      {`[{"metadata":{"name":"b"}},{},{"metadata":{"name":"b"}}]`, nil, []string{"b"}},
		"never a guest's volume":            {`[{"metadata":{"name":"a"}}]`, []kubevirtv1.Volume{claimVolume("a", false), claimVolume("pvc-guest", true)}, []string{"a"}},
		"not even if it got into the list":  {`[{"metadata":{"name":"a"}},{"metadata":{"name":"pvc-guest"}}]`, []kubevirtv1.Volume{claimVolume("pvc-guest", true)}, []string{"a"}},
		"nor by a data volume":              {`[{"metadata":{"name":"dv"}}]`, []kubevirtv1.Volume{dataVolume}, nil},
		"nor if it is also plugged":         {`[{"metadata":{"name":"a"}}]`, []kubevirtv1.Volume{claimVolume("a", true), claimVolume("a", false)}, nil},
		"where a disk has moved to":         {`[{"metadata":{"name":"a"},"targetVolume":"b"}]`, []kubevirtv1.Volume{claimVolume("b", false)}, []string{"a", "b"}},
		"not where it has not gone yet":     {`[{"metadata":{"name":"a"},"targetVolume":"b"}]`, []kubevirtv1.Volume{claimVolume("a", false)}, []string{"a"}},
		"unreadable":                        {`{`, []kubevirtv1.Volume{claimVolume("a", false)}, nil},
		"an object where an array is meant": {`{"metadata":{"name":"a"}}`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, RemovedDisks(vmWithClaims(tc.annotation, tc.volumes...)))
		})
	}
}

func TestRemovedDisksWithoutTemplate(t *testing.T) {
	t.Parallel()
	vm := vmWithClaims(`[{"metadata":{"name":"a"}}]`)
	vm.Spec.Template = nil
	assert.Equal(t, []string{"a"}, RemovedDisks(vm))
}

func TestClaimTemplates(t *testing.T) {
	t.Parallel()
	_, err := ClaimTemplates(vmWithClaims("]"))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "virtual machine vms/a: annotation harvesterhci.io/volumeClaimTemplates is not a JSON array")

	built, err := BuildVM(fullVM())
	require.NoError(t, err)
	templates, err := ClaimTemplates(built)
	require.NoError(t, err)
	assert.Len(t, templates, 3)
}

func FuzzClaimTemplates(f *testing.F) {
	built, err := BuildVM(fullVM())
	require.NoError(f, err)
	f.Add(built.Annotations[AnnotationVolumeClaimTemplates], "pvc-guest")
	f.Add(`[{"metadata":{"name":"a"},"targetVolume":"b"}]`, "a")
	f.Add(`[null,{"spec":null}]`, "")
	f.Fuzz(func(t *testing.T, annotation, guest string) {
		vm := vmWithClaims(annotation, claimVolume(guest, true))
		removed := RemovedDisks(vm)
		require.NotContains(t, removed, guest)
		require.NotContains(t, removed, "")
		templates, err := ClaimTemplates(vm)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, removed)
			return
		}
		// What was read can be written and read again.
		again, err := json.Marshal(templates)
		require.NoError(t, err)
		require.Equal(t, removed, RemovedDisks(vmWithClaims(string(again), claimVolume(guest, true))))
	})
}

func FuzzParseRoute(f *testing.F) {
	f.Add(`{"mode":"manual","cidr":"10.0.0.0/24","gateway":"10.0.0.1"}`)
	f.Add(`{"cidr":1}`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, annotation string) {
		cidr, gateway := parseRoute(annotation)
		if gateway.IsValid() {
			require.True(t, cidr.Contains(gateway))
		}
		require.Equal(t, cidr.IsValid(), cidr.Masked().IsValid())
	})
}
