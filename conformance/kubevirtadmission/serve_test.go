package kubevirtadmission

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// ask has Serve answer requests, and returns the answers by their number.
func ask(t *testing.T, requests ...Request) map[int64]Answer {
	t.Helper()
	admission, err := New()
	require.NoError(t, err)
	var in, out bytes.Buffer
	encoder := json.NewEncoder(&in)
	for _, request := range requests {
		require.NoError(t, encoder.Encode(request))
	}
	require.NoError(t, Serve(t.Context(), admission, &in, &out))
	answers := map[int64]Answer{}
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var answer Answer
		require.NoError(t, decoder.Decode(&answer))
		answers[answer.ID] = answer
	}
	require.Len(t, answers, len(requests), "an answer to each request")

	return answers
}

// requestOf is what an API server asks about a machine; old is nil for a new one.
func requestOf(t *testing.T, old, vm *kubevirtv1.VirtualMachine) *admissionv1.AdmissionRequest {
	t.Helper()
	encode := func(vm *kubevirtv1.VirtualMachine) []byte {
		raw, err := json.Marshal(vm)
		require.NoError(t, err)

		return raw
	}
	if old == nil {
		return review(vmResource, admissionv1.Create, nil, encode(vm)).Request
	}

	return review(vmResource, admissionv1.Update, encode(old), encode(vm)).Request
}

// The answers are virt-api's own: what it changes as a patch, what it refuses with code, reason, message and the fields
// to blame. A request that is none does not keep others from theirs.
func TestServe(t *testing.T) {
	good, bad := plain(t), plain(t)
	bad.Spec.RunStrategy = nil
	bad.Spec.Template.Spec.Domain.Devices.Disks[0].Name = "other"
	answers := ask(t,
		Request{ID: 1},
		Request{ID: 2, Webhook: MutateVM, Request: requestOf(t, nil, good)},
		Request{ID: 3, Webhook: ValidateVM, Request: requestOf(t, nil, good)},
		Request{ID: 4, Webhook: ValidateVM, Request: requestOf(t, good, bad)},
		Request{ID: 5, Webhook: "/nowhere", Request: requestOf(t, nil, good)},
		Request{ID: 6, Webhook: ValidateVM},
		Request{ID: 7, Webhook: ValidateVM, Request: requestOf(t, good, good)},
	)
	assert.Equal(t, Answer{ID: 1}, answers[1])
	patch, err := jsonpatch.DecodePatch(answers[2].Response.Patch)
	require.NoError(t, err)
	raw, err := withStatus(requestOf(t, nil, good).Object.Raw)
	require.NoError(t, err)
	changed, err := patch.Apply(raw)
	require.NoError(t, err)
	vm := &kubevirtv1.VirtualMachine{}
	require.NoError(t, json.Unmarshal(changed, vm))
	assert.Equal(t, "q35", vm.Spec.Template.Spec.Domain.Machine.Type)
	assert.NotEmpty(t, vm.Spec.Template.Spec.Domain.Firmware.UUID)

	assert.True(t, answers[3].Response.Allowed)
	assert.Equal(t, &admissionv1.AdmissionResponse{UID: "conformance", Result: &metav1.Status{
		Code: 422, Reason: metav1.StatusReasonInvalid,
		Message: "spec.template.spec.domain.devices.disks[0].Name 'other' not found., RunStrategy must be specified",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{
			{Type: metav1.CauseTypeFieldValueInvalid, Message: "spec.template.spec.domain.devices.disks[0].Name 'other' not found.", Field: "spec.template.spec.domain.devices.disks[0].name"},
			{Type: metav1.CauseTypeFieldValueInvalid, Message: "RunStrategy must be specified", Field: "spec.running"},
		}},
	}}, answers[4].Response)
	assert.Equal(t, `unknown webhook "/nowhere"`, answers[5].Error)
	assert.Equal(t, "no admission request", answers[6].Error)
	assert.True(t, answers[7].Response.Allowed)
}

func TestServeEndsWhenItCannotGoOn(t *testing.T) {
	admission, err := New()
	require.NoError(t, err)
	var out bytes.Buffer
	require.ErrorContains(t, Serve(t.Context(), admission, strings.NewReader("nonsense"), &out), "read request")
	require.ErrorIs(t, Serve(t.Context(), admission, strings.NewReader(`{"id":1}`), closed{}), errClosed)
}

var errClosed = errors.New("closed")

// closed is an output that no one reads.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errClosed }
