package process

import (
	"errors"
	"fmt"
)

// Errors a caller can act on with errors.Is.
var (
	// ErrInvalidSpec marks a Spec that names no program.
	ErrInvalidSpec = errors.New("invalid process specification")
	// ErrExited marks a process that ended although nobody asked it to.
	ErrExited = errors.New("process exited by itself")
	// ErrNotReady marks a process that was not ready in time; it has been killed.
	ErrNotReady = errors.New("process not ready in time")
	// ErrUnsupported marks an operating system other than Linux.
	ErrUnsupported = errors.New("child processes are supervised on Linux only")
)

// ExitError says how a process ended that nobody had asked to end. It matches
// ErrExited.
type ExitError struct {
	// Name is the process's name in its Spec.
	Name string
	// State is how it ended, such as "exit status 1" or "signal: killed".
	State string
	// LogFile holds its output, if it was kept.
	LogFile string
	// LastLines are the end of that file at the time of the exit.
	LastLines string
}

// Error names the process, how it ended and where to read why.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s: %v: %s", e.Name, ErrExited, e.State)
	if e.LogFile != "" {
		text += fmt.Sprintf("; read %s, which ends with:\n%s", e.LogFile, e.LastLines)
	}
	return text
}

// Unwrap lets errors.Is find ErrExited.
func (e *ExitError) Unwrap() error { return ErrExited }
