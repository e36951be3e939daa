package harvesterclient

import (
	"errors"
	"fmt"
	"time"
)

// The sentinels that every error of this package wraps one of, so that a caller can decide what to do
// without knowing how Harvester words it. Test with errors.Is.
var (
	// ErrNotFound means that the named object does not exist. A server that does not serve the
	// kind at all is ErrNotReady instead, so that a misdirected request never looks like a missing object.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the object changed since it was read, or already exists. Read again and decide again.
	ErrConflict = errors.New("conflict")
	// ErrUnauthorized means that Harvester does not know the credentials (401) or does not let them do this (403).
	ErrUnauthorized = errors.New("unauthorized")
	// ErrInvalid means that what was asked cannot be right however often it is asked: the user must change something.
	ErrInvalid = errors.New("invalid")
	// ErrTransient means that asking again later may work: timeouts, overload, a server that is away. See RetryAfter.
	ErrTransient = errors.New("temporarily unavailable")
	// ErrExhausted means that a quota or a pool is used up.
	ErrExhausted = errors.New("exhausted")
	// ErrInvalidKubeconfig means that the kubeconfig cannot be used; the error names the field.
	ErrInvalidKubeconfig = errors.New("invalid kubeconfig")
	// ErrNotReady means that the object, cache or API exists but is not in a state to be used yet.
	ErrNotReady = errors.New("not ready")
)

// sentinels are all kinds of error, in the order in which Classify looks for one that is already there.
var sentinels = []error{
	ErrInvalidKubeconfig, ErrNotFound, ErrConflict, ErrUnauthorized,
	ErrInvalid, ErrExhausted, ErrNotReady, ErrTransient,
}

// classifiedError gives an error a kind without changing what it says.
type classifiedError struct {
	kind       error
	cause      error
	message    string        // replaces the cause's text when not empty
	retryAfter time.Duration // zero when the server named no delay
}

func (e *classifiedError) Error() string {
	if e.message != "" {
		return e.message
	}

	return e.cause.Error()
}

func (e *classifiedError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}

	return []error{e.kind, e.cause}
}

// failf makes an error of a kind. The text should say what, where, and how to fix it.
func failf(kind error, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)

	return &classifiedError{kind: kind, cause: errors.Unwrap(wrapped), message: wrapped.Error()}
}

// RetryAfter tells how long to wait before asking again, when the server or this package named a time.
func RetryAfter(err error) (time.Duration, bool) {
	for err != nil {
		var classified *classifiedError
		if !errors.As(err, &classified) {
			return 0, false
		}
		if classified.retryAfter > 0 {
			return classified.retryAfter, true
		}
		err = classified.cause
	}

	return 0, false
}
