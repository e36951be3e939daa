package harvesterclient

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// ConnectionState is where a connection to a Harvester is.
type ConnectionState string

// The states.
const (
	// StateConnecting means that no attempt has ended yet.
	StateConnecting ConnectionState = "Connecting"
	// StateConnected means that the last attempt, and everything since, went well.
	StateConnected ConnectionState = "Connected"
	// StateDisconnected means that the last attempt failed; the next follows after a pause.
	StateDisconnected ConnectionState = "Disconnected"
)

// minProbeInterval keeps requests that fail one by one from probing all the time.
const minProbeInterval = time.Second

// health keeps track of whether a Harvester can be reached. While it cannot, one probe at a time asks, with growing pauses,
// and everything else waits for the answer: so an unreachable Harvester costs one request a pause, however many
// watches there are.
type health struct {
	probe    func(context.Context) error
	backoff  backoff
	clock    clock.WithTicker
	onChange func(ConnectionState, error)

	doubts chan struct{} // holds at most one: more say nothing new

	mu      sync.Mutex
	state   ConnectionState
	err     error     // why disconnected
	retryAt time.Time // when the next probe is due, if disconnected
	changed chan struct{}
}

// backoff is a pause that doubles.
type backoff struct {
	initial, max time.Duration
	// random is in [0,1); it spreads out those who start at the same time.
	random func() float64
}

// pause is how long to wait after a number of failures, one or more.
func (b backoff) pause(failures int) time.Duration {
	pause := b.initial
	for range failures - 1 {
		if pause *= 2; pause >= b.max {
			pause = b.max
			break
		}
	}

	return min(pause, b.max) + time.Duration(b.random()*float64(min(pause, b.max))/2)
}

func newHealth(opts Options, probe func(context.Context) error, onChange func(ConnectionState, error)) *health {
	return &health{
		probe:    probe,
		backoff:  backoff{initial: opts.BackoffInitial, max: opts.BackoffMax, random: rand.Float64},
		clock:    opts.Clock,
		onChange: onChange,
		doubts:   make(chan struct{}, 1),
		state:    StateConnecting,
		changed:  make(chan struct{}),
	}
}

// run probes until the context ends: at once, then after each failure when the pause is over, then when there is doubt.
func (h *health) run(ctx context.Context) {
	failures := 0
	for {
		err := h.probe(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := minProbeInterval
		if err == nil {
			failures = 0
			h.set(StateConnected, nil, time.Time{})
		} else {
			failures++
			wait = h.backoff.pause(failures)
			h.set(StateDisconnected, err, h.clock.Now().Add(wait))
		}
		if !h.sleep(ctx, wait) {
			return
		}
		if err == nil {
			select {
			case <-ctx.Done():
				return
			case <-h.doubts:
			}
		}
	}
}

func (h *health) sleep(ctx context.Context, pause time.Duration) bool {
	timer := h.clock.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// doubt asks for a probe. It never blocks.
func (h *health) doubt() {
	select {
	case h.doubts <- struct{}{}:
	default:
	}
}

func (h *health) set(state ConnectionState, err error, retryAt time.Time) {
	h.mu.Lock()
	news := state != h.state
	h.state, h.err, h.retryAt = state, err, retryAt
	close(h.changed)
	h.changed = make(chan struct{})
	h.mu.Unlock()
	if news {
		h.onChange(state, err)
	}
}

// snapshot is the state now, with a channel that is closed when it changes. The error is part of the state, not a
// failure of the call.
func (h *health) snapshot() (state ConnectionState, retryAfter time.Duration, changed <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()

	return h.state, max(0, h.retryAt.Sub(h.clock.Now())), h.changed, h.err
}

// wait blocks until the Harvester can be reached. Lists and watches pass through here, so that they start anew the
// moment it is back, not when a backoff of their own is over.
func (h *health) wait(ctx context.Context) error {
	for {
		state, _, changed, _ := h.snapshot()
		if state == StateConnected {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
