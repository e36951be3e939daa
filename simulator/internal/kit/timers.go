package kit

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Timers measure how long something has been waiting, by key. A controller that is called again and again for the same
// object learns from them whether its delay is over; Kubernetes' own timestamps have whole seconds only. They live in
// memory: after a restart a delay begins anew. Safe for concurrent use.
type Timers struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	since map[string]time.Time
}

// NewTimers returns timers that have nothing running.
func NewTimers(clock clock.PassiveClock) *Timers {
	return &Timers{clock: clock, since: map[string]time.Time{}}
}

// Left starts the timer of this key unless it runs, and returns what is left of the delay: zero or less when it is over.
func (t *Timers) Left(key string, delay time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	started, ok := t.since[key]
	if !ok {
		started = t.clock.Now()
		t.since[key] = started
	}
	return delay - t.clock.Since(started)
}

// Elapsed returns how long the timer of this key has been running, zero if it is not.
func (t *Timers) Elapsed(key string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	started, ok := t.since[key]
	if !ok {
		return 0
	}
	return t.clock.Since(started)
}

// Forget stops the timers of these keys.
func (t *Timers) Forget(keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		delete(t.since, key)
	}
}
