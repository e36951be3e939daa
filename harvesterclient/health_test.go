package harvesterclient

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

// healthRig runs a health check by hand: the clock stands until it is moved, and the server is as the test says.
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
	eventually(t, "the check pauses", r.clock.HasWaiters)
}

var errAway = errors.New("away")

func TestHealthPausesLongerEachTime(t *testing.T) {
	t.Parallel()
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
		rig.clock.Step(pause - 1)
		time.Sleep(5 * time.Millisecond)
		assert.Equal(t, i+1, rig.probed(), "not before the pause is over")
		rig.clock.Step(1)
		eventually(t, "the next probe", func() bool { return rig.probed() == i+2 })
	}
	rig.serverAnswers(nil)
	rig.sleeping(t)
	rig.clock.Step(10 * time.Second)
	require.NoError(t, rig.wait(t.Context()))
	assert.Equal(t, []ConnectionState{StateDisconnected, StateConnected}, rig.states, "each change is told once")
}

func TestHealthAsksOnlyInDoubt(t *testing.T) {
	t.Parallel()
	rig := newHealthRig(t)
	rig.start(t)
	require.NoError(t, rig.wait(t.Context()))
	rig.sleeping(t)
	rig.clock.Step(time.Hour)
	time.Sleep(5 * time.Millisecond)
	assert.Equal(t, 1, rig.probed(), "no doubt, no probe")

	rig.doubt()
	eventually(t, "a probe", func() bool { return rig.probed() == 2 })
	rig.sleeping(t)
	for range 100 {
		rig.doubt()
	}
	time.Sleep(5 * time.Millisecond)
	assert.Equal(t, 2, rig.probed(), "not more than one a second")
	rig.clock.Step(minProbeInterval)
	eventually(t, "and one for all doubts", func() bool { return rig.probed() == 3 })
	assert.Equal(t, []ConnectionState{StateConnected}, rig.states, "doubt alone changes nothing")
}

func TestHealthHoldsBackWhileAway(t *testing.T) {
	t.Parallel()
	rig := newHealthRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, rig.wait(ctx), context.Canceled)

	passed := make(chan error, 1)
	go func() { passed <- rig.wait(t.Context()) }()
	rig.serverAnswers(errAway)
	rig.start(t)
	rig.sleeping(t)
	select {
	case <-passed:
		t.Fatal("it went through while the server is away")
	case <-time.After(10 * time.Millisecond):
	}
	rig.serverAnswers(nil)
	rig.clock.Step(2 * time.Second)
	require.NoError(t, <-passed)
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

func TestJudgeVersionAnswer(t *testing.T) {
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
			err := judgeVersionAnswer(tc.code, []byte(tc.body))
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
