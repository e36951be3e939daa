package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a running, or ended, child process. Safe for concurrent use.
type Process struct {
	spec Spec
	pid  int
	// asked is set before the first signal of ours, so that the exit which
	// follows is not reported as the process's own doing.
	asked atomic.Bool
	// reaping is held while the kernel gives the process's number back, so that
	// no signal can reach a stranger who got it next.
	reaping sync.Mutex
	reaped  bool
	done    chan struct{}
	// err is written once, before done is closed.
	err error
}

// Start starts the program and waits until it is ready. ctx bounds only the
// start-up: a process that Start returned lives until Stop, Kill, its own exit
// or the sandbox's end.
//
// It fails with an *ExitError when the process ends before it is ready, with
// ErrNotReady when the time is over, and with ctx's error when ctx ends; in
// all three cases no process is left.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	// A process outlives the context of its start.
	command := exec.CommandContext(context.WithoutCancel(ctx), spec.Path, spec.Args...)
	command.Dir = spec.Dir
	command.Env = append(os.Environ(), spec.Env...)
	if spec.LogFile != "" {
		log, err := os.OpenFile(spec.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the log of %s: %w", spec.Name, err)
		}
		defer log.Close() // the child holds its own descriptor
		command.Stdout, command.Stderr = log, log
	}
	if spec.Stdin != nil { // a nil *os.File is no nil io.Reader
		command.Stdin = spec.Stdin
	}
	if spec.Stdout != nil {
		command.Stdout = spec.Stdout
	}
	p := &Process{spec: spec, done: make(chan struct{})}
	if err := p.run(command); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	if err := p.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// awaitReady polls Spec.Ready until it succeeds, the process ends, ctx ends or
// the time is over.
func (p *Process) awaitReady(parent context.Context) error {
	if p.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(parent, p.spec.ReadyTimeout, ErrNotReady)
	defer cancel()
	go func() {
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	ticker := time.NewTicker(p.spec.PollInterval)
	defer ticker.Stop()
	for {
		last := p.spec.Ready(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.exitDuringStart()
		case <-ctx.Done():
			if p.ended() {
				return p.exitDuringStart()
			}
			return fmt.Errorf("starting %s: %w, last answer: %w", p.spec.Name, context.Cause(ctx), last)
		case <-ticker.C:
		}
	}
}

// exitDuringStart reports an exit that came before readiness, even one with
// status 0: a server that ends at once has not come up.
func (p *Process) exitDuringStart() error {
	if err := p.Err(); err != nil {
		return err
	}
	return p.exitError("exit status 0")
}

func (p *Process) exitError(state string) *ExitError {
	return &ExitError{Name: p.spec.Name, State: state, LogFile: p.spec.LogFile, LastLines: Tail(p.spec.LogFile, 5)}
}

// finish records how the process ended. An exit that was asked for, or with
// status 0, is no error.
func (p *Process) finish(waitErr error) {
	var exit *exec.ExitError
	switch {
	case waitErr == nil || p.asked.Load():
	case errors.As(waitErr, &exit):
		p.err = p.exitError(exit.String())
	default:
		p.err = fmt.Errorf("waiting for %s: %w", p.spec.Name, waitErr)
	}
	close(p.done)
}

// Stop asks the process to end with SIGTERM, and kills it with all its children
// when it has not ended within Spec.Grace or when ctx ends. It returns when the
// process is gone, so it never fails for lack of time; its error is reserved
// for a signal that the kernel refuses. Stopping an ended process does nothing.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	grace := time.NewTimer(p.spec.Grace)
	defer grace.Stop()
	select {
	case <-p.done:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	return p.Kill()
}

// Kill ends the process and all its children with SIGKILL, and returns when the
// process is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// signal reaches the process's whole group; an ended process needs none.
func (p *Process) signal(signal syscall.Signal) error {
	p.reaping.Lock()
	defer p.reaping.Unlock()
	if p.reaped {
		return nil
	}
	p.asked.Store(true)
	if err := signalGroup(p.pid, signal); err != nil {
		return fmt.Errorf("sending %v to %s: %w", signal, p.spec.Name, err)
	}
	return nil
}

// reap collects the exit status of a process that is known to have ended.
func (p *Process) reap(command *exec.Cmd) error {
	p.reaping.Lock()
	defer p.reaping.Unlock()
	p.reaped = true
	return command.Wait()
}

func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Done is closed when the process has ended and has been waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is nil while the process runs, and after an end that was asked for or
// had exit status 0; otherwise it is an *ExitError, which matches ErrExited.
func (p *Process) Err() error {
	if !p.ended() {
		return nil
	}
	return p.err
}

// PID is the process's id, which is its process group's as well. Once Done is
// closed the number may be another process's.
func (p *Process) PID() int { return p.pid }

// Name is the process's name in its Spec.
func (p *Process) Name() string { return p.spec.Name }

// LogFile is where the process's output goes; empty when it is discarded.
func (p *Process) LogFile() string { return p.spec.LogFile }
