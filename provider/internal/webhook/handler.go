package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// Handler validates objects that are created or changed. It is safe for concurrent use.
type Handler struct {
	// Engine holds the compiled rules.
	Engine *validation.Engine
}

var _ admission.Handler = (*Handler)(nil)

// Handle refuses an object in which a rule finds an error, with one field error for each finding; its warnings
// become admission warnings.
func (h *Handler) Handle(_ context.Context, request admission.Request) admission.Response {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	object, err := decode(request.Object.Raw)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("object: %w", err))
	}
	var old map[string]any
	if request.Operation == admissionv1.Update {
		if old, err = decode(request.OldObject.Raw); err != nil {
			return admission.Errored(http.StatusBadRequest, fmt.Errorf("old object: %w", err))
		}
	}
	findings := h.Engine.Validate(object, old, validation.Options{DryRunTopology: ptr.Deref(request.DryRun, false)})
	return respond(request, findings)
}

func decode(raw []byte) (map[string]any, error) {
	object := map[string]any{}
	if len(raw) == 0 {
		return nil, errors.New("is missing")
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, errors.New("is no JSON object")
	}
	return object, nil
}

func respond(request admission.Request, findings []validation.Finding) admission.Response {
	var failures field.ErrorList
	var warnings []string
	for _, finding := range findings {
		switch finding.Severity {
		case validation.Error:
			failures = append(failures, fieldError(finding))
		case validation.Warning:
			warnings = append(warnings, finding.String())
		default: // A hint is for caphv-lint; at every apply it would be noise.
		}
	}
	if len(failures) == 0 {
		return admission.Allowed("").WithWarnings(warnings...)
	}
	kind := schema.GroupKind{Group: request.Kind.Group, Kind: request.Kind.Kind}
	status := apierrors.NewInvalid(kind, request.Name, failures).Status()
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Allowed: false, Result: &metav1.Status{
			Status: status.Status, Message: status.Message, Reason: status.Reason, Details: status.Details, Code: status.Code,
		},
	}}.WithWarnings(warnings...)
}

// fieldError carries the rule's id and its remedy in the detail. The value is left out: a spec may hold things that do
// not belong into an error message.
func fieldError(finding validation.Finding) *field.Error {
	detail := finding.Message
	if finding.Remediation != "" {
		detail += "; " + finding.Remediation
	}
	return &field.Error{
		Type: field.ErrorTypeInvalid, Field: finding.Path, BadValue: field.OmitValueType{},
		Detail: fmt.Sprintf("%s [%s]", detail, finding.RuleID),
	}
}
