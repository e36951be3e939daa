// Command caphv-sandbox runs a management cluster, a Harvester stand-in and
// guest clusters as plain processes on one machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C ends the program at once; the kernel takes the children.
	context.AfterFunc(ctx, stop)
	err := newRootCommand().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "caphv-sandbox:", err)
	}
	return exitCode(err)
}

// Exit codes, part of the command's interface and documented in its help.
const (
	exitFailed  = 1 // something did not work
	exitUsage   = 2 // the command line is wrong
	exitRunning = 3 // a sandbox runs already in this folder
	exitAbsent  = 4 // no sandbox runs in this folder
	exitStopped = 130
)

// usageError marks an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, statedir.ErrRunning):
		return exitRunning
	case errors.Is(err, statedir.ErrAbsent):
		return exitAbsent
	case errors.Is(err, context.Canceled):
		return exitStopped
	default:
		return exitFailed
	}
}
