package harvesterclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// await waits until a connection can be used, or says why it cannot.
func (c *Connection) await(ctx context.Context, opts Options) error {
	if err := c.awaitServer(ctx, opts); err != nil {
		return err
	}
	select {
	case <-c.filled: // the usual case, whatever else has happened
		return nil
	default:
	}
	timer := opts.Clock.NewTimer(opts.SyncTimeout)
	defer timer.Stop()
	select {
	case <-c.filled:
		return nil
	case <-c.gone():
		return identityError(c.key, failf(ErrTransient, "the connection was replaced meanwhile"))
	case <-ctx.Done():
		return identityError(c.key, Classify(ctx.Err()))
	case <-timer.C():
		return identityError(c.key, failf(ErrNotReady, "the caches are not filled after %s", opts.SyncTimeout))
	}
}

func (c *Connection) awaitServer(ctx context.Context, opts Options) error {
	// The attempt bounds itself; the timer is for one that has not even started.
	timer := opts.Clock.NewTimer(2 * opts.ConnectTimeout)
	defer timer.Stop()
	for {
		state, retryAfter, changed, err := c.health.snapshot()
		switch state {
		case StateConnected:
			return nil
		case StateDisconnected:
			return identityError(c.key, withRetryAfter(err, retryAfter))
		case StateConnecting: // wait
		}
		select {
		case <-changed:
		case <-c.gone():
			return identityError(c.key, failf(ErrTransient, "the connection was replaced meanwhile"))
		case <-ctx.Done():
			return identityError(c.key, Classify(ctx.Err()))
		case <-timer.C():
			return identityError(c.key, failf(ErrTransient, "no answer after %s", 2*opts.ConnectTimeout))
		}
	}
}

// identityError says whose connection an error is about.
func identityError(key client.ObjectKey, err error) error {
	return fmt.Errorf("identity %s: %w", key, err)
}

// withRetryAfter adds a delay to an error, and a kind if it has none.
func withRetryAfter(err error, after time.Duration) error {
	kind := kindOf(err)
	if kind == nil {
		kind = ErrTransient
	}
	var named *classifiedError
	if errors.As(err, &named) && named.retryAfter > after {
		after = named.retryAfter
	}

	return &classifiedError{kind: kind, cause: err, retryAfter: max(after, time.Millisecond)}
}
