package kubevirtadmission

import (
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// Paths under which virt-api serves its webhooks for virtual machines.
const (
	MutateVM   = components.VMMutatePath
	ValidateVM = components.VMValidatePath
)

// ErrUnknownWebhook means that virt-api has no such webhook, or that this package does not have it.
var ErrUnknownWebhook = errors.New("unknown webhook")

// Review is virt-api's answer to one admission request, word for word. webhook is MutateVM or ValidateVM; any other gives
// ErrUnknownWebhook.
func (a *Admission) Review(ctx context.Context, webhook string, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	review := &admissionv1.AdmissionReview{Request: request}
	var response *admissionv1.AdmissionResponse
	switch webhook {
	case MutateVM:
		response = a.mutateVM.Mutate(review)
	case ValidateVM:
		response = a.validateVM.Admit(ctx, review)
	default:
		return nil, fmt.Errorf("%w %q", ErrUnknownWebhook, webhook)
	}
	response.UID = request.UID

	return response, nil
}
