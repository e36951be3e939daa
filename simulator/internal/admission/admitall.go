package admission

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
)

// AdmitAll is a Reviewer in whose eyes every object is right as it is. It sets no defaults.
type AdmitAll struct{}

// Review admits the request.
func (AdmitAll) Review(_ context.Context, _ string, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	return &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}, nil
}
