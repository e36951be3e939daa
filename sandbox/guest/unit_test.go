package guest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

const unitWait = time.Minute

// testUnit keeps a sleeping process, on a clock that always moves on.
type testUnit struct {
	*unit
	starts, changes atomic.Int32
	again           atomic.Bool
	fail            atomic.Bool
	cancel          context.CancelFunc
	group           sync.WaitGroup
}

func newTestUnit(t *testing.T) *testUnit {
	t.Helper()
	u := &testUnit{}
	u.again.Store(true)
	clock := clocktesting.NewFakeClock(time.Now())
	u.unit = &unit{
		name: "sleeper", clock: clock, logf: t.Logf, up: make(chan struct{}),
		start: func(ctx context.Context) (*process.Process, error) {
			u.starts.Add(1)
			if u.fail.Load() {
				return nil, errors.New("it cannot start")
			}
			return process.Start(ctx, process.Spec{Path: "/bin/sleep", Args: []string{"3600"}})
		},
		exited:  func(context.Context) bool { return u.again.Load() },
		changed: func() { u.changes.Add(1) },
	}
	ctx, cancel := context.WithCancel(t.Context())
	u.cancel = cancel
	u.group.Go(func() { u.run(ctx) })
	u.group.Go(func() {
		for ctx.Err() == nil {
			clock.Step(restartDelay)
			time.Sleep(time.Millisecond)
		}
	})
	t.Cleanup(func() { cancel(); u.group.Wait(); u.kill() })
	return u
}

func (u *testUnit) awaitUp(t *testing.T) *process.Process {
	t.Helper()
	var found *process.Process
	require.Eventually(t, func() bool { found = u.alive(); return found != nil }, unitWait, time.Millisecond)
	return found
}

func TestAProcessThatDiesIsStartedAgain(t *testing.T) {
	u := newTestUnit(t)
	<-u.up
	first := u.awaitUp(t)
	require.NoError(t, first.Kill())
	require.Eventually(t, func() bool { now := u.alive(); return now != nil && now != first }, unitWait, time.Millisecond)
	assert.GreaterOrEqual(t, u.changes.Load(), int32(3), "up, down and up are told")
}

func TestAStartThatFailsIsTriedAgain(t *testing.T) {
	u := newTestUnit(t)
	first := u.awaitUp(t)
	u.fail.Store(true)
	require.NoError(t, first.Kill())
	require.Eventually(t, func() bool { return u.starts.Load() > 3 }, unitWait, time.Millisecond)
	assert.Nil(t, u.alive())
	u.fail.Store(false)
	u.awaitUp(t)
}

func TestTheLastExitIsTheLast(t *testing.T) {
	u := newTestUnit(t)
	first := u.awaitUp(t)
	u.again.Store(false)
	require.NoError(t, first.Kill())
	assert.Never(t, func() bool { return u.starts.Load() > 1 }, 50*time.Millisecond, time.Millisecond)
	assert.Nil(t, u.alive())
}

func TestHoldKeepsItDown(t *testing.T) {
	u := newTestUnit(t)
	u.awaitUp(t)
	u.setHeld(true)
	u.setHeld(true)
	assert.Nil(t, u.alive(), "whoever killed it sees it gone")
	starts := u.starts.Load()
	assert.Never(t, func() bool { return u.starts.Load() > starts }, 50*time.Millisecond, time.Millisecond)
	u.setHeld(false)
	u.setHeld(false)
	u.awaitUp(t)
}

func TestADeadProcessIsNotAlive(t *testing.T) {
	ended, err := process.Start(t.Context(), process.Spec{Path: "/bin/sleep", Args: []string{"3600"}})
	require.NoError(t, err)
	unnoticed := &unit{name: "sleeper", current: ended, logf: t.Logf} // nothing runs that would notice the end
	assert.Same(t, ended, unnoticed.alive())
	unnoticed.kill()
	assert.Nil(t, unnoticed.alive())
}

func TestARunningProcessIsLeftToItsOwner(t *testing.T) {
	u := newTestUnit(t)
	running := u.awaitUp(t)
	u.cancel()
	u.group.Wait()
	select {
	case <-running.Done():
		t.Fatal("the order of a shutdown is the owner's")
	default:
	}
	u.stop(t.Context())
	<-running.Done()
}
