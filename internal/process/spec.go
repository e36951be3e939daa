package process

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Defaults for the durations a Spec leaves at zero.
const (
	DefaultGrace        = 10 * time.Second
	DefaultReadyTimeout = 60 * time.Second
	DefaultPollInterval = 50 * time.Millisecond
)

// Spec describes one child process.
type Spec struct {
	// Name is used in errors; it should say what and whose, such as
	// "etcd of demo-cp-x7k2p". Path when empty.
	Name string
	// Path of the program, absolute or found in PATH.
	Path string
	// Args without the program's own name.
	Args []string
	// Env holds KEY=value entries that are added to the sandbox's own
	// environment and win over it.
	Env []string
	// Dir is the working directory; the sandbox's own when empty.
	Dir string
	// LogFile receives standard output and standard error, appended; its
	// directory must exist. Output is discarded when it is empty.
	LogFile string
	// Stdin is what the program reads; nothing when nil. Stdout takes its
	// standard output in place of LogFile. The program has copies of both, the
	// caller closes its own after Start.
	Stdin, Stdout *os.File
	// Ready is polled until it returns nil; nil means ready at once. Its context
	// ends with the start-up's deadline, or when the process exits.
	Ready func(ctx context.Context) error
	// ReadyTimeout bounds the wait for Ready; DefaultReadyTimeout when zero.
	ReadyTimeout time.Duration
	// PollInterval between calls of Ready; DefaultPollInterval when zero.
	PollInterval time.Duration
	// Grace is what Stop allows between SIGTERM and SIGKILL; DefaultGrace when
	// zero.
	Grace time.Duration
}

// withDefaults fills in what was left empty, and refuses what cannot run.
func (s Spec) withDefaults() (Spec, error) {
	if s.Path == "" {
		return s, fmt.Errorf("%w: no path; name the program to run", ErrInvalidSpec)
	}
	if s.Name == "" {
		s.Name = s.Path
	}
	if s.Grace <= 0 {
		s.Grace = DefaultGrace
	}
	if s.ReadyTimeout <= 0 {
		s.ReadyTimeout = DefaultReadyTimeout
	}
	if s.PollInterval <= 0 {
		s.PollInterval = DefaultPollInterval
	}
	return s, nil
}
