package harvesterclient

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

// healthRig runs a health check by hand: the clock stands until it is moved, and the server is as the test says. It lives
// in a bubble of synctest, so that a test knows when the check has done all it ever does before the clock moves.
type healthRig struct {
	*health

	clock *clocktesting.FakeClock

	mu     sync.Mutex
	answer error
	probes int
	states []ConnectionState
}

func newHealthRig(t *testing.T) *healthRig {
	t.Helper()
	rig := &healthRig{clock: clocktesting.NewFakeClock(time.Unix(0, 0))}
	opts := Options{BackoffInitial: 2 * time.Second, BackoffMax: 10 * time.Second, Clock: rig.clock}.withDefaults()
	rig.health = newHealth(opts, rig.probeNow, rig.noteState)
	rig.backoff.random = func() float64 { return 0 }

	return rig
}

func (r *healthRig) probeNow(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes++

	return r.answer
}

func (r *healthRig) noteState(state ConnectionState, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states = append(r.states, state)
}

func (r *healthRig) serverAnswers(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = err
}

func (r *healthRig) probed() int {
	r.mu.Lock()
	defer r.mu.Unlock()

	return r.probes
}

func (r *healthRig) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// sleeping waits until the check pauses, which is when the clock can be moved.
func (r *healthRig) sleeping(t *testing.T) {
	t.Helper()
	synctest.Wait()
	require.True(t, r.clock.HasWaiters(), "the check pauses")
}

// move moves the clock and waits until the check has done what comes of it.
func (r *healthRig) move(by time.Duration) {
	r.clock.Step(by)
	synctest.Wait()
}

var errAway = errors.New("away")

func TestHealthPausesLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rig := newHealthRig(t)
		rig.serverAnswers(errAway)
		rig.start(t)
		for i, pause := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
			rig.sleeping(t)
			state, retryAfter, _, err := rig.snapshot()
			assert.Equal(t, StateDisconnected, state)
			require.ErrorIs(t, err, errAway)
			assert.Equal(t, pause, retryAfter)
			assert.Equal(t, i+1, rig.probed())
			rig.move(pause - 1)
			assert.Equal(t, i+1, rig.probed(), "not before the pause is over")
			rig.move(1)
			assert.Equal(t, i+2, rig.probed())
		}
		rig.serverAnswers(nil)
		rig.sleeping(t)
		rig.move(10 * time.Second)
		require.NoError(t, rig.wait(t.Context()))
		assert.Equal(t, []ConnectionState{StateDisconnected, StateConnected}, rig.states, "each change is told once")
	})
}

func TestHealthAsksOnlyInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rig := newHealthRig(t)
		rig.start(t)
		require.NoError(t, rig.wait(t.Context()))
		rig.sleeping(t)
		rig.move(time.Hour)
		assert.Equal(t, 1, rig.probed(), "no doubt, no probe")

		rig.doubt()
		rig.sleeping(t)
		assert.Equal(t, 2, rig.probed())
		for range 100 {
			rig.doubt()
		}
		rig.move(minProbeInterval - 1)
		assert.Equal(t, 2, rig.probed(), "not more than one a second")
		rig.move(1)
		assert.Equal(t, 3, rig.probed())
		rig.move(time.Hour)
		assert.Equal(t, 3, rig.probed(), "one for all doubts")
		assert.Equal(t, []ConnectionState{StateConnected}, rig.states, "doubt alone changes nothing")
	})
}

func TestHealthHoldsBackWhileAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rig := newHealthRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, rig.wait(ctx), context.Canceled)

		passed := make(chan error, 1)
		go func() { passed <- rig.wait(t.Context()) }()
		rig.serverAnswers(errAway)
		rig.start(t)
		rig.sleeping(t)
		assert.Empty(t, passed, "it went through while the server is away")
		rig.serverAnswers(nil)
		rig.move(2 * time.Second)
		require.NoError(t, <-passed)
	})
}

func TestBackoffStaysInBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := rapid.Float64Range(0, 0.999).Draw(t, "random")
		b := backoff{initial: time.Second, max: 30 * time.Second, random: func() float64 { return random }}
		failures := rapid.IntRange(1, 10000).Draw(t, "failures")
		pause := b.pause(failures)
		require.GreaterOrEqual(t, pause, b.initial)
		require.Less(t, pause, b.max*3/2)
		require.GreaterOrEqual(t, b.pause(failures+1), pause)
	})
}

func TestClassifyVersionAnswer(t *testing.T) {
	t.Parallel()
	const good = `{"major":"1","gitVersion":"v1.35.0+rke2r1"}`
	for name, tc := range map[string]struct {
		code int
		body string
		kind error
	}{
		"a Kubernetes API":        {200, good, nil},
		"version not for us":      {403, "", nil},
		"unknown":                 {401, "", ErrUnauthorized},
		"a login page":            {200, "<html>login " + testToken, ErrInvalidKubeconfig},
		"some other JSON":         {200, `{"a":1}`, ErrInvalidKubeconfig},
		"sent elsewhere":          {302, "", ErrNotReady},
		"no such path":            {404, "", ErrNotReady},
		"overloaded":              {429, "", ErrTransient},
		"proxy without a cluster": {502, "", ErrTransient},
		"starting":                {503, "", ErrTransient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := classifyVersionAnswer(tc.code, []byte(tc.body))
			if tc.kind == nil {
				require.NoError(t, err)
				return
			}
			assertOnlyKind(t, tc.kind, err)
			assert.NotContains(t, err.Error(), testToken)
		})
	}
}

// A redirect would carry the credentials to another server.
func TestProbeFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	asked := 0
	httpClient := &http.Client{CheckRedirect: sameServer, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://elsewhere/"}}, Body: http.NoBody, Request: r}, nil
	})}
	err := probeServer(httpClient, "https://h/prefix/", time.Second)(t.Context())
	assertOnlyKind(t, ErrNotReady, err)
	assert.Equal(t, 1, asked)
}
