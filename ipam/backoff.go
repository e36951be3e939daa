package ipam

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	defaultAttempts = 12
	defaultBatch    = 1024
	defaultUndo     = 5 * time.Second
	firstPause      = 5 * time.Millisecond
	longestPause    = 320 * time.Millisecond
)

// jittered is the default pause after the given number of conflicts, counted from 1: it doubles from 5 ms up to 320 ms,
// and half of it is random, so that writers that collided once do not collide again.
func jittered(conflicts int) time.Duration {
	pause := longestPause
	if shift := conflicts - 1; shift < 6 {
		pause = firstPause << shift
	}
	return pause/2 + rand.N(pause/2) //nolint:gosec // Jitter guards no secret.
}

// sleep returns early when ctx ends.
func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
