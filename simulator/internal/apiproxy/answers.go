package apiproxy

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answer is a complete HTTP answer, kept to be given again.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

func (a *answer) write(to http.ResponseWriter) {
	for name, values := range a.header {
		to.Header()[name] = values
	}
	to.Header().Del("Content-Length")
	to.WriteHeader(a.code)
	_, _ = to.Write(a.body)
}

// reasons are the API's names for codes.
var reasons = map[int]metav1.StatusReason{
	http.StatusUnauthorized: metav1.StatusReasonUnauthorized, http.StatusForbidden: metav1.StatusReasonForbidden,
	http.StatusNotFound: metav1.StatusReasonNotFound, http.StatusConflict: metav1.StatusReasonConflict,
	http.StatusTooManyRequests: metav1.StatusReasonTooManyRequests, http.StatusInternalServerError: metav1.StatusReasonInternalError,
	http.StatusServiceUnavailable: metav1.StatusReasonServiceUnavailable, http.StatusGatewayTimeout: metav1.StatusReasonTimeout,
	http.StatusUnprocessableEntity: metav1.StatusReasonInvalid, http.StatusBadRequest: metav1.StatusReasonBadRequest,
}

// fault is the answer of a rule to a request.
func (m *matcher) fault(request Request) metav1.Status {
	status := metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
		Code: int32(m.Status), Reason: reasons[m.Status], Message: m.Message,
		Details: &metav1.StatusDetails{Group: request.Group, Kind: request.Resource, Name: request.Name},
	}
	if m.Denial != "" {
		status.Code, status.Reason = http.StatusInternalServerError, metav1.StatusReasonInternalError
		status.Message = fmt.Sprintf("admission webhook %q denied the request: %s", m.Denial, m.Message)
	}
	if status.Message == "" {
		status.Message = usual(m.Status, request)
	}
	if m.RetryAfter > 0 {
		status.Details.RetryAfterSeconds = int32(seconds(m.RetryAfter))
	}
	return status
}

// writeStatus answers with an API status.
func writeStatus(to http.ResponseWriter, status metav1.Status) {
	body, err := json.Marshal(status)
	if err != nil {
		http.Error(to, err.Error(), http.StatusInternalServerError)
		return
	}
	to.Header().Set("Content-Type", "application/json")
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		to.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	to.WriteHeader(int(status.Code))
	_, _ = to.Write(body)
}

// seconds rounds up to whole ones, as the header has them.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
