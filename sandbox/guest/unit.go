package guest

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// restartDelay paces the starts of a process that keeps failing.
const restartDelay = 500 * time.Millisecond

// unit keeps one process of a machine running, as the kubelet does with a
// static pod.
type unit struct {
	name string
	// start starts the process and returns when it is ready.
	start func(ctx context.Context) (*process.Process, error)
	// exited is called after each exit and tells whether to start again.
	exited func(ctx context.Context) bool
	// changed is called when the process came up or went down.
	changed func()
	clock   clock.WithTicker
	logf    func(format string, args ...any)
	// up is closed when the process is ready for the first time.
	up chan struct{}

	mu      sync.Mutex
	current *process.Process
	// held is closed to let the process run again; nil while it may run.
	held chan struct{}
}

// run keeps the process running until ctx ends or an exit was the last. When
// ctx ends, a running process is left for the owner to stop in its order.
func (u *unit) run(ctx context.Context) {
	for u.awaitRelease(ctx) {
		started, err := u.start(ctx)
		if err != nil {
			if ctx.Err() == nil {
				u.logf("%s: %v", u.name, err)
			}
			if !u.wait(ctx) {
				return
			}
			continue
		}
		if !u.attach(ctx, started) {
			return
		}
		if err := started.Err(); err != nil {
			u.logf("%s: %v", u.name, err)
		}
		if !u.exited(ctx) || !u.wait(ctx) {
			return
		}
	}
}

// attach follows one process to its end; false means that ctx ended first.
func (u *unit) attach(ctx context.Context, started *process.Process) bool {
	u.mu.Lock()
	u.current = started
	held := u.held != nil
	u.mu.Unlock()
	if held { // the fault came while the process was starting
		u.kill()
	} else {
		u.markUp()
		u.changed()
	}
	select {
	case <-started.Done():
	case <-ctx.Done():
		return false
	}
	u.mu.Lock()
	u.current = nil
	u.mu.Unlock()
	u.changed()
	return true
}

func (u *unit) markUp() {
	select {
	case <-u.up:
	default:
		close(u.up)
	}
}

// alive returns the running process, or nil. A process that has ended counts as gone
// although run may not have noticed its end yet: whoever killed it sees it gone.
func (u *unit) alive() *process.Process {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.current == nil {
		return nil
	}
	select {
	case <-u.current.Done():
		return nil
	default:
		return u.current
	}
}

// hold kills the process and keeps it down until release.
func (u *unit) hold() {
	u.mu.Lock()
	if u.held == nil {
		u.held = make(chan struct{})
	}
	u.mu.Unlock()
	u.kill()
}

// release lets a held process run again.
func (u *unit) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.held != nil {
		close(u.held)
		u.held = nil
	}
}

func (u *unit) awaitRelease(ctx context.Context) bool {
	u.mu.Lock()
	held := u.held
	u.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

func (u *unit) wait(ctx context.Context) bool {
	select {
	case <-u.clock.After(restartDelay):
		return true
	case <-ctx.Done():
		return false
	}
}

// kill ends the process at once.
func (u *unit) kill() {
	if running := u.alive(); running != nil {
		if err := running.Kill(); err != nil {
			u.logf("%v", err)
		}
	}
}

// stop ends the process in good order.
func (u *unit) stop(ctx context.Context) {
	if running := u.alive(); running != nil {
		if err := running.Stop(ctx); err != nil {
			u.logf("%v", err)
		}
	}
}
