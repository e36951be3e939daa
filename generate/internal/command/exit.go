package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/progress"
)

// Exit codes of the program, as its help documents them.
const (
	// ExitOK says that everything that was asked for is done.
	ExitOK = 0
	// ExitFailed says that something outside of the command line was in the way: a file, the API server.
	ExitFailed = 1
	// ExitUsage says that a flag or an answer is wrong; nothing was written.
	ExitUsage = 2
	// ExitPreflight says that Harvester lacks something, so that nothing was applied.
	ExitPreflight = 3
	// ExitTimeout says that all is applied or deleted, but the cluster is not up or gone in time.
	ExitTimeout = 4
	// ExitDifferent says that diff found differences.
	ExitDifferent = 5
	// ExitInterrupted says that the user stopped the program.
	ExitInterrupted = 130
)

// usageError is a mistake on the command line.
type usageError struct{ problems []string }

func (e *usageError) Error() string {
	if len(e.problems) == 1 {
		return e.problems[0]
	}
	return fmt.Sprintf("%d problems:\n  %s", len(e.problems), strings.Join(e.problems, "\n  "))
}

func usage(format string, args ...any) error {
	return &usageError{problems: []string{fmt.Sprintf(format, args...)}}
}

// exitCode reports an error and chooses the code.
func exitCode(err error, stderr io.Writer) int {
	var mistake *usageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &mistake):
		fmt.Fprintf(stderr, "caphv-generate: %v\nSee caphv-generate --help.\n", err)
		return ExitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "caphv-generate: interrupted: %v\n", err)
		return ExitInterrupted
	case errors.Is(err, errDifferent):
		return ExitDifferent
	case errors.Is(err, errPreflight):
		fmt.Fprintf(stderr, "caphv-generate: %v\n", err)
		return ExitPreflight
	case errors.Is(err, progress.ErrTimeout):
		fmt.Fprintf(stderr, "caphv-generate: %v\n", err)
		return ExitTimeout
	}
	fmt.Fprintf(stderr, "caphv-generate: %v\n", err)
	return ExitFailed
}
