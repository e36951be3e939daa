package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// statusOf is what the apiserver answered.
func statusOf(t *testing.T, err error) metav1.Status {
	t.Helper()
	var status apierrors.APIStatus
	require.ErrorAs(t, err, &status)
	return status.Status()
}

// Every machine that is created or changed passes KubeVirt's own admission: its defaults are in, and what it refuses is
// refused in its words, with its code, reason and causes.
func TestKubeVirtsOwnCodeJudgesEveryMachine(t *testing.T) {
	c := outside(t, shared.stand)
	space := namespace(t, admin(t, shared.stand))
	vm := newVM(t, admin(t, shared.stand), space, "one")
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	vm.Spec.Template.Spec.Domain.Devices.Disks[1].BootOrder = ptr.To[uint](1)
	vm.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = "02:00:00:00:00"
	status := statusOf(t, c.Create(t.Context(), vm.DeepCopy()))
	assert.EqualValues(t, 422, status.Code)
	assert.Equal(t, metav1.StatusReasonInvalid, status.Reason)
	assert.Equal(t, `admission webhook "virtualmachine-validator.kubevirt.io" denied the request: `+
		"interface spec.template.spec.domain.devices.interfaces[0].name has malformed MAC address (02:00:00:00:00)., "+
		"Boot order for spec.template.spec.domain.devices.disks[1].bootOrder already set for a different device.", status.Message)
	require.NotNil(t, status.Details)
	assert.Equal(t, []metav1.StatusCause{
		{Type: metav1.CauseTypeFieldValueInvalid, Message: "interface spec.template.spec.domain.devices.interfaces[0].name has malformed MAC address (02:00:00:00:00).", Field: "spec.template.spec.domain.devices.interfaces[0].macAddress"},
		{Type: metav1.CauseTypeFieldValueInvalid, Message: "Boot order for spec.template.spec.domain.devices.disks[1].bootOrder already set for a different device.", Field: "spec.template.spec.domain.devices.disks[1].bootOrder"},
	}, status.Details.Causes)

	vm = newVM(t, admin(t, shared.stand), space, "one")
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
	require.NoError(t, c.Create(t.Context(), vm))
	spec := &vm.Spec.Template.Spec
	assert.Equal(t, "amd64", spec.Architecture)
	assert.Equal(t, "q35", spec.Domain.Machine.Type)
	assert.NotEmpty(t, spec.Domain.Firmware.UUID)
	firmware := spec.Domain.Firmware.DeepCopy()

	change(t, admin(t, shared.stand), vm, func(vm *kubevirtv1.VirtualMachine) { vm.Spec.Template.Spec.Hostname = "another" })
	assert.Equal(t, firmware, vm.Spec.Template.Spec.Domain.Firmware, "given once")
	wrong := vm.DeepCopy()
	wrong.Spec.Template.Spec.Hostname = "a_b"
	// A patch without a resource version: others write to the machine meanwhile.
	status = statusOf(t, c.Patch(t.Context(), wrong, client.MergeFrom(vm)))
	assert.EqualValues(t, 422, status.Code)
	require.NotNil(t, status.Details)
	require.Len(t, status.Details.Causes, 1)
	assert.Equal(t, "spec.template.spec.hostname", status.Details.Causes[0].Field)
}
