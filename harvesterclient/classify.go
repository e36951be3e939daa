package harvesterclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// webhookRetryAfter is how long to wait after a webhook refused by state (409): long enough for a
// virtual machine to go away, short enough not to be noticed by people.
const webhookRetryAfter = 5 * time.Second

// Classify gives an error from the Kubernetes client the kind it deserves, so that errors.Is works with the
// sentinels of this package. The original stays wrapped: apierrors.IsNotFound and the like still answer.
// A nil error stays nil, an error that has a kind already is returned as it is, and so is one whose
// kind no one can tell.
//
// Facts it knows about Harvester: the webhooks for load balancers, pools and networks deny with HTTP 500,
// which is ErrInvalid, whereas a webhook that could not be called, or that was let down itself, is ErrTransient; a
// webhook that denies with 409 (a volume still attached) is ErrTransient, because waiting fixes it and reading again does not;
// a 404 whose body is not a Kubernetes status says that the API is missing, not the object, and is ErrNotReady
// with the original hidden, so that no one deletes anything because of a wrong path.
func Classify(err error) error {
	if err == nil || kindOf(err) != nil {
		return err
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return classifyStatus(err, status.Status())
	}

	return classifyTransport(err)
}

// kindOf finds the sentinel an error wraps, nil if none.
func kindOf(err error) error {
	for _, kind := range sentinels {
		if errors.Is(err, kind) {
			return kind
		}
	}

	return nil
}

func classifyStatus(err error, status metav1.Status) error {
	after, kind := statusKind(status)
	if kind == nil {
		return err
	}
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		after = time.Duration(status.Details.RetryAfterSeconds) * time.Second
	}
	if errors.Is(kind, ErrNotReady) && status.Code == http.StatusNotFound {
		return &classifiedError{kind: kind, message: "the server does not serve this API: " + status.Message}
	}

	return &classifiedError{kind: kind, cause: err, retryAfter: after}
}

// statusKind decides by what the server answered. The delay is zero when there is nothing to suggest.
func statusKind(status metav1.Status) (after time.Duration, kind error) {
	if denied, after, kind := denialKind(status); denied {
		return after, kind
	}
	switch status.Code {
	case http.StatusNotFound:
		if hasCause(status, metav1.CauseTypeUnexpectedServerResponse) {
			return 0, ErrNotReady
		}
		return 0, ErrNotFound
	case http.StatusConflict:
		return 0, ErrConflict
	case http.StatusUnauthorized:
		return 0, ErrUnauthorized
	case http.StatusForbidden:
		return 0, forbiddenKind(status)
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return 0, ErrInvalid
	case http.StatusInsufficientStorage:
		return 0, ErrExhausted
	case http.StatusGone, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return 0, ErrTransient
	}
	if status.Code >= http.StatusInternalServerError {
		return 0, ErrTransient
	}

	return 0, nil
}

// denialKind decides about what an admission webhook refused. The apiserver words every refusal alike,
// whatever its code, and words a webhook it could not reach otherwise.
func denialKind(status metav1.Status) (denied bool, after time.Duration, kind error) {
	if !strings.Contains(status.Message, "admission webhook ") || !strings.Contains(status.Message, " denied the request") {
		return false, 0, nil
	}
	switch status.Code {
	case http.StatusConflict:
		return true, webhookRetryAfter, ErrTransient
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, 0, ErrTransient
	}
	for _, waiting := range stateDenials {
		if strings.Contains(status.Message, waiting) {
			return true, webhookRetryAfter, ErrTransient
		}
	}
	if status.Code == http.StatusInternalServerError && isInternalDenial(status.Message) {
		return true, webhookRetryAfter, ErrTransient
	}

	return true, 0, ErrInvalid
}

// stateDenials are refusals that time fixes although their code does not say so.
var stateDenials = []string{
	"can't delete pool before releasing all the allocated IP", // IPPool webhook, HTTP 500
}

// coreWebhooks end the names of Harvester's core webhooks, as the apiserver quotes them.
const coreWebhooks = `.harvesterhci.io" denied`

// internalFailures are what a webhook quotes when it was itself let down by a server.
var internalFailures = []string{
	"context deadline exceeded", "connection refused", "connection reset", "i/o timeout", "etcdserver:", "TLS handshake timeout", "too many requests",
}

// isInternalDenial tells a webhook's own trouble from a refusal, both of which come as HTTP 500. The webhooks for
// load balancers, pools and networks use that code for every refusal; the core webhooks use it for their own troubles, one of
// which is the user's after all: an object that is not there.
func isInternalDenial(message string) bool {
	for _, failure := range internalFailures {
		if strings.Contains(message, failure) {
			return true
		}
	}

	return strings.Contains(message, coreWebhooks) && !strings.Contains(message, "not found")
}

func forbiddenKind(status metav1.Status) error {
	switch {
	case strings.Contains(status.Message, "exceeded quota"):
		return ErrExhausted
	case hasCause(status, "NamespaceTerminating"):
		return ErrTransient
	default:
		return ErrUnauthorized
	}
}

func hasCause(status metav1.Status, cause metav1.CauseType) bool {
	if status.Details == nil {
		return false
	}
	for _, c := range status.Details.Causes {
		if c.Type == cause {
			return true
		}
	}

	return false
}

// classifyTransport decides about errors that never were an answer of the server.
func classifyTransport(err error) error {
	if certErr := certificateError(err); certErr != nil {
		return certErr
	}
	if meta.IsNoMatchError(err) || discovery.IsGroupDiscoveryFailedError(err) {
		return &classifiedError{kind: ErrNotReady, cause: err}
	}
	if isRemoteTLSAlert(err) {
		return &classifiedError{kind: ErrUnauthorized, cause: err}
	}
	if isTransportFailure(err) {
		return &classifiedError{kind: ErrTransient, cause: err}
	}

	return err
}

// isTransportFailure is true for what a network, a proxy or an impatient caller does to a request.
func isTransportFailure(err error) bool {
	var netErr net.Error
	var urlErr *url.Error

	return errors.As(err, &netErr) || errors.As(err, &urlErr) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, http.ErrServerClosed)
}

// certificateError explains why the server's certificate was not believed, in terms of the kubeconfig.
func certificateError(err error) error {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		fix      string
	)
	switch {
	case errors.As(err, &unknown):
		fix = "clusters[].cluster.certificate-authority-data is absent or did not sign the server's certificate: put the CA of this server there"
	case errors.As(err, &hostname):
		fix = "the server's certificate is for another name: correct clusters[].cluster.server, or set clusters[].cluster.tls-server-name"
	case errors.As(err, &invalid), errors.As(err, &verify):
		fix = "the server's certificate is not valid: renew it, or correct clusters[].cluster.server"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		fix = "the server does not speak TLS: correct the scheme or the port in clusters[].cluster.server"
	default:
		return nil
	}

	return &classifiedError{kind: ErrInvalidKubeconfig, cause: err, message: fix + ": " + err.Error()}
}

// isRemoteTLSAlert is true when the server refused our client certificate during the handshake.
func isRemoteTLSAlert(err error) bool {
	var op *net.OpError

	return errors.As(err, &op) && op.Op == "remote error"
}
