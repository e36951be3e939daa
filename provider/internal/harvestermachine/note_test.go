package harvestermachine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

func TestNoteIsAboutOneVM(t *testing.T) {
	t.Parallel()
	noted := note{vm: "uid-1", claims: []string{"a", "b"}}
	for name, test := range map[string]struct {
		text, vmUID string
		want        []string
	}{
		"the machine's VM":                 {noted.String(), "uid-1", []string{"a", "b"}},
		"a VM whose UID was never stored":  {noted.String(), "", []string{"a", "b"}},
		"another VM of the machine's name": {noted.String(), "uid-2", nil},
		"no UID":                           {"a,b", "uid-1", nil},
		"an empty UID":                     {" a,b", "", nil},
		"nothing":                          {"", "uid-1", nil},
		"empty names":                      {"uid-1 ,a,,", "uid-1", []string{"a"}},
	} {
		assert.Equal(t, test.want, parseNote(test.text).claimsOf(test.vmUID), name)
	}
}

func TestUseOfAVMIsAllThatItNames(t *testing.T) {
	t.Parallel()
	assert.Empty(t, useOf(nil).claims)
	assert.Empty(t, useOf(&kubevirtv1.VirtualMachine{}).secrets)
	secret := func(name string) *corev1.LocalObjectReference { return &corev1.LocalObjectReference{Name: name} }
	claim := func(name string, plugged bool) kubevirtv1.VolumeSource {
		return kubevirtv1.VolumeSource{PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}, Hotpluggable: plugged,
		}}
	}
	vm := &kubevirtv1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{
			harvesterclient.AnnotationVolumeClaimTemplates: `[{"metadata":{"name":"to-be-made"}}]`,
		}},
		Spec: kubevirtv1.VirtualMachineSpec{Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{}},
	}
	for _, source := range []kubevirtv1.VolumeSource{
		claim("disk", false), claim("plugged-in", true),
		{DataVolume: &kubevirtv1.DataVolumeSource{Name: "data"}},
		{Secret: &kubevirtv1.SecretVolumeSource{SecretName: "files"}},
		{CloudInitNoCloud: &kubevirtv1.CloudInitNoCloudSource{UserDataSecretRef: secret("user"), NetworkDataSecretRef: secret("network")}},
		{CloudInitConfigDrive: &kubevirtv1.CloudInitConfigDriveSource{UserDataSecretRef: secret("drive")}},
	} {
		vm.Spec.Template.Spec.Volumes = append(vm.Spec.Template.Spec.Volumes, kubevirtv1.Volume{VolumeSource: source})
	}
	use := useOf(vm)
	assert.ElementsMatch(t, []string{"to-be-made", "disk", "plugged-in", "data"}, use.claims)
	assert.ElementsMatch(t, []string{"files", "user", "network", "drive"}, use.secrets)
}
