package harvesterclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

var poolResource = schema.GroupResource{Group: "loadbalancer.harvesterhci.io", Resource: "ippools"}

func statusError(code int32, reason metav1.StatusReason, message string, causes ...metav1.StatusCause) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
		Details: &metav1.StatusDetails{Causes: causes},
	}}
}

// denied words a refusal as the apiserver does.
func denied(code int32, webhook, why string) error {
	return statusError(code, metav1.StatusReasonInternalError, fmt.Sprintf("admission webhook %q denied the request: %s", webhook, why))
}

const (
	lbWebhook   = "validator.harvester-system.harvester-load-balancer-webhook"
	coreWebhook = "validator.harvesterhci.io"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	unexpected := metav1.StatusCause{Type: metav1.CauseTypeUnexpectedServerResponse, Message: "404 page not found"}
	refused := &url.Error{Op: "Get", URL: "https://10.0.0.1:6443", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	for name, tc := range map[string]struct {
		err  error
		kind error
	}{
		"object not there":              {apierrors.NewNotFound(poolResource, "a"), ErrNotFound},
		"API not there":                 {apierrors.NewGenericServerResponse(404, "get", poolResource, "a", "404 page not found", 0, true), ErrNotReady},
		"API not there, by cause":       {statusError(404, metav1.StatusReasonNotFound, "x", unexpected), ErrNotReady},
		"stale resource version":        {apierrors.NewConflict(poolResource, "a", errors.New("the object has been modified")), ErrConflict},
		"already exists":                {apierrors.NewAlreadyExists(poolResource, "a"), ErrConflict},
		"unknown credentials":           {apierrors.NewUnauthorized("Unauthorized"), ErrUnauthorized},
		"no right":                      {apierrors.NewForbidden(poolResource, "a", errors.New("no")), ErrUnauthorized},
		"quota":                         {statusError(403, metav1.StatusReasonForbidden, `pods "x" is forbidden: exceeded quota: q`), ErrExhausted},
		"no room for it":                {statusError(507, "", "x"), ErrExhausted},
		"namespace going":               {statusError(403, metav1.StatusReasonForbidden, "x", metav1.StatusCause{Type: "NamespaceTerminating"}), ErrTransient},
		"bad field":                     {apierrors.NewInvalid(schema.GroupKind{Kind: "IPPool"}, "a", nil), ErrInvalid},
		"bad request":                   {apierrors.NewBadRequest("x"), ErrInvalid},
		"no such operation":             {apierrors.NewMethodNotSupported(poolResource, "patch"), ErrInvalid},
		"too large":                     {apierrors.NewRequestEntityTooLargeError("x"), ErrInvalid},
		"too many requests":             {apierrors.NewTooManyRequests("slow down", 3), ErrTransient},
		"server timeout":                {apierrors.NewServerTimeout(poolResource, "get", 2), ErrTransient},
		"gateway timeout":               {apierrors.NewTimeoutError("x", 1), ErrTransient},
		"request timeout":               {statusError(408, "", "x"), ErrTransient},
		"service unavailable":           {apierrors.NewServiceUnavailable("x"), ErrTransient},
		"bad gateway of a proxy":        {apierrors.NewGenericServerResponse(502, "get", poolResource, "a", "", 0, true), ErrTransient},
		"old resource version":          {apierrors.NewResourceExpired("too old"), ErrTransient},
		"a real internal error":         {apierrors.NewInternalError(errors.New("etcdserver: no leader")), ErrTransient},
		"webhook not reachable":         {apierrors.NewInternalError(errors.New(`failed calling webhook "` + lbWebhook + `": no endpoints`)), ErrTransient},
		"pool refused by 500":           {denied(500, lbWebhook, "update IPPool p failed: allocated IP 10.0.0.9 is excluded"), ErrInvalid},
		"pool still in use by 500":      {denied(500, lbWebhook, "can't delete pool before releasing all the allocated IP"), ErrTransient},
		"pool webhook let down":         {denied(500, lbWebhook, "list vm from a failed, error: context deadline exceeded"), ErrTransient},
		"network refused by 500":        {denied(500, "validator.harvester-system.harvester-network-webhook", "it's still used by VM(s) a/b"), ErrInvalid},
		"webhook overloaded":            {denied(429, lbWebhook, "slow down"), ErrTransient},
		"webhook away":                  {denied(503, lbWebhook, "later"), ErrTransient},
		"core webhook refuses":          {denied(422, coreWebhook, "PVC is used by another VM"), ErrInvalid},
		"core webhook, volume attached": {denied(409, coreWebhook, "can not delete the volume which is currently attached"), ErrTransient},
		"core webhook let down":         {denied(500, coreWebhook, "failed to check if pvc a/b is for internal usage: x"), ErrTransient},
		"core webhook, network missing": {denied(500, "mutator.harvesterhci.io", `network-attachment-definitions "a" not found`), ErrInvalid},
		"webhook without explanation":   {statusError(400, "", `admission webhook "x" denied the request without explanation`), ErrInvalid},
		"API group not answering":       {&discovery.ErrGroupDiscoveryFailed{Groups: map[schema.GroupVersion]error{{Group: "g", Version: "v1"}: io.EOF}}, ErrNotReady},
		"no such kind":                  {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "X"}}, ErrNotReady},
		"connection refused":            {refused, ErrTransient},
		"end of stream":                 {io.ErrUnexpectedEOF, ErrTransient},
		"deadline":                      {context.DeadlineExceeded, ErrTransient},
		"cancelled":                     {fmt.Errorf("get: %w", context.Canceled), ErrTransient},
		"unknown authority":             {&url.Error{Err: x509.UnknownAuthorityError{}}, ErrInvalidKubeconfig},
		"other host name":               {&url.Error{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}}, ErrInvalidKubeconfig},
		"expired certificate":           {&url.Error{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, ErrInvalidKubeconfig},
		"client certificate refused":    {&url.Error{Err: &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}}, ErrUnauthorized},
		"certificate not verified":      {&url.Error{Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, ErrInvalidKubeconfig},
		"no TLS record":                 {&url.Error{Err: tls.RecordHeaderError{Msg: "x"}}, ErrInvalidKubeconfig},
		"TLS spoken to plain HTTP":      {&url.Error{Err: http.ErrSchemeMismatch}, ErrInvalidKubeconfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			classified := Classify(tc.err)
			assertOnlyKind(t, tc.kind, classified)
			assert.Same(t, classified, Classify(classified), "idempotent")
			wrapped := fmt.Errorf("while doing: %w", classified)
			assert.Same(t, wrapped, Classify(wrapped), "idempotent when wrapped")
		})
	}
}

func assertOnlyKind(t *testing.T, want, err error) {
	t.Helper()
	for _, kind := range sentinels {
		assert.Equal(t, kind == want, errors.Is(err, kind), "errors.Is(%v, %v)", err, kind) //nolint:errorlint // identity is meant
	}
}

func TestClassifyLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	require.NoError(t, Classify(nil))
	unknown := errors.New("some bug")
	assert.Same(t, unknown, Classify(unknown))
	teapot := statusError(418, "", "teapot")
	assert.Same(t, teapot, Classify(teapot))
}

func TestClassifyKeepsTheOriginal(t *testing.T) {
	t.Parallel()
	assert.True(t, apierrors.IsAlreadyExists(Classify(apierrors.NewAlreadyExists(poolResource, "a"))))
	assert.True(t, apierrors.IsNotFound(Classify(apierrors.NewNotFound(poolResource, "a"))))
	assert.ErrorIs(t, Classify(fmt.Errorf("x: %w", io.EOF)), io.EOF)
}

// A path that leads nowhere must never look like an object that was deleted.
func TestClassifyHidesMissingAPI(t *testing.T) {
	t.Parallel()
	err := Classify(apierrors.NewGenericServerResponse(404, "get", poolResource, "a", "404 page not found", 0, true))
	assert.False(t, apierrors.IsNotFound(err))
	assert.Contains(t, err.Error(), "does not serve this API")
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want time.Duration
	}{
		"nil":                    {nil, 0},
		"foreign":                {io.EOF, 0},
		"no delay named":         {Classify(io.EOF), 0},
		"named by the server":    {Classify(apierrors.NewTooManyRequests("slow down", 7)), 7 * time.Second},
		"volume still attached":  {Classify(denied(409, coreWebhook, "attached")), webhookRetryAfter},
		"named by a cause":       {failf(ErrTransient, "a: %w", Classify(apierrors.NewTooManyRequests("x", 9))), 9 * time.Second},
		"wrapped":                {fmt.Errorf("a: %w", Classify(apierrors.NewTooManyRequests("x", 9))), 9 * time.Second},
		"of a lost connection":   {withRetryAfter(Classify(io.EOF), 4*time.Second), 4 * time.Second},
		"the longer one of both": {withRetryAfter(Classify(apierrors.NewTooManyRequests("x", 9)), time.Second), 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, known := RetryAfter(tc.err)
			assert.Equal(t, tc.want, after)
			assert.Equal(t, tc.want > 0, known)
		})
	}
}

func TestCertificateErrorsNameTheField(t *testing.T) {
	t.Parallel()
	err := Classify(&url.Error{Op: "Get", URL: "https://10.0.0.1", Err: x509.UnknownAuthorityError{}})
	assert.ErrorContains(t, err, "clusters[].cluster.certificate-authority-data is absent or did not sign")
}
