package kubevirt

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// FuzzNewInstance starts a VM whatever its annotation of addresses holds: the instance has the user's address, else the
// noted one, and the VM stays as it was.
func FuzzNewInstance(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", "{", `{"nic-0":"02:00:00:00:00:01"}`, `{"nic-0":"x","nic-1":5}`, `{"given":"02:00:00:00:00:02"}`, `{"nic-0":"` + strings.Repeat("0", 1<<14) + `"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const given = "02:00:00:00:00:aa"
		vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Name: "m", Annotations: map[string]string{kit.MACAnnotation: text}}}
		vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
		vm.Spec.Template.Spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{{Name: "given", MacAddress: given}, {Name: "nic-0"}}
		before := vm.DeepCopy()
		nics := NewInstance(vm).Spec.Domain.Devices.Interfaces
		require.Equal(t, before, vm)
		require.Equal(t, given, nics[0].MacAddress)
		var noted map[string]string
		if json.Unmarshal([]byte(text), &noted) != nil {
			noted = nil
		}
		require.Equal(t, noted["nic-0"], nics[1].MacAddress)
	})
}
