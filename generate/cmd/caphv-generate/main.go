// Command caphv-generate writes the manifests of a Kubernetes cluster on Harvester. Run it with --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/term"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/command"
)

// version is set by the linker.
var version = "unknown"

// The heap of this short-lived process grows to heapLimit bytes before garbage is collected: a fifth less time for one
// cluster.
const heapLimit = 512 << 20

func main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(-1)
		debug.SetMemoryLimit(heapLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := command.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: term.IsTerminal(int(os.Stdin.Fd())),
	}
	code := command.Execute(ctx, streams, version, os.Args[1:])
	stop()
	os.Exit(code)
}
