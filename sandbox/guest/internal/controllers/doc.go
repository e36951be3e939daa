// Package controllers holds what runs beside the API server on a live control
// plane and matters to Cluster API: the node lifecycle of Kubernetes'
// controller manager, and RKE2's own controllers for etcd members, roles and
// manifests.
//
// Every live server runs all of them and none elects a leader: each action is
// idempotent and guarded by the object's resource version, so that two that act
// at once do no harm, and none has to be waited for when a server dies.
package controllers

import (
	"context"
	"time"

	"k8s.io/utils/clock"
)

// Base is what every controller needs.
type Base struct {
	Clock clock.WithTicker
	// Logf receives what went wrong, one line each.
	Logf func(format string, args ...any)
}

// every calls do at once and then once per interval until ctx ends.
func (b Base) every(ctx context.Context, interval time.Duration, do func(context.Context)) {
	ticker := b.Clock.NewTicker(interval)
	defer ticker.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}

// until calls do once per interval until it succeeds or ctx ends.
func (b Base) until(ctx context.Context, what string, interval time.Duration, do func(context.Context) error) {
	for {
		err := do(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			b.Logf("%s: %v", what, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-b.Clock.After(interval):
		}
	}
}
