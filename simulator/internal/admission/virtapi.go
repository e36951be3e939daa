package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
)

// Reviewer answers admission requests as KubeVirt's virt-api does at a path. *virtapi.API implements it. Methods must be
// safe for concurrent use.
type Reviewer interface {
	// Review returns the answer; an error means that there is none.
	Review(ctx context.Context, webhook string, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error)
}

// maxReview bounds what is read of a review; the apiserver takes objects of 3 MiB, and sends two.
const maxReview = 8 << 20

// passOn is an admission webhook that hands each request to KubeVirt's code and its answer back, word for word. Where
// that code gives no answer, neither does the webhook, as if virt-api were down: the apiserver then fails the request
// with HTTP 500 and does not call it a denial.
type passOn struct {
	path     string
	kubevirt Reviewer
	log      logr.Logger
}

func (p passOn) ServeHTTP(to http.ResponseWriter, from *http.Request) {
	review := &admissionv1.AdmissionReview{}
	body, err := io.ReadAll(http.MaxBytesReader(to, from.Body, maxReview))
	if err == nil {
		err = json.Unmarshal(body, review)
	}
	if err != nil || review.Request == nil {
		http.Error(to, fmt.Sprintf("no admission review: %v", err), http.StatusBadRequest)
		return
	}
	response, err := p.kubevirt.Review(from.Context(), p.path, review.Request)
	if err != nil {
		p.log.Error(err, "no answer to an admission request", "webhook", p.path, "namespace", review.Request.Namespace, "name", review.Request.Name)
		http.Error(to, err.Error(), http.StatusInternalServerError)
		return
	}
	to.Header().Set("Content-Type", "application/json")
	// An apiserver that has gone away needs no answer.
	_ = json.NewEncoder(to).Encode(&admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
}
