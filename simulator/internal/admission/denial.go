package admission

import (
	"errors"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// DenialError is a refusal with the HTTP status that Harvester's core webhooks answer with. Any other error becomes HTTP
// 500 InternalError, which is how the load balancer's and the network's webhooks refuse everything.
type DenialError struct {
	Code    int32
	Reason  metav1.StatusReason
	Message string
	// Field is the path to blame, if any.
	Field string
}

func (d *DenialError) Error() string { return d.Message }

// invalid is 422: the object is wrong.
func invalid(field, message string) error {
	return &DenialError{Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: message, Field: field}
}

// conflict is 409, which here means that something else is in the way, not that the object changed meanwhile.
func conflict(message string) error {
	return &DenialError{Code: http.StatusConflict, Reason: metav1.StatusReasonConflict, Message: message}
}

// response turns an error into the answer to the apiserver.
func response(err error) admission.Response {
	var denial *DenialError
	if !errors.As(err, &denial) {
		denial = &DenialError{Code: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError, Message: err.Error()}
	}
	status := &metav1.Status{Status: metav1.StatusFailure, Code: denial.Code, Reason: denial.Reason, Message: denial.Message}
	if denial.Field != "" {
		status.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{
			{Type: metav1.CauseTypeFieldValueInvalid, Message: denial.Message, Field: denial.Field},
		}}
	}
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{Allowed: false, Result: status}}
}
