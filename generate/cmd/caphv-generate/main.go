// Command caphv-generate writes the manifests of a Kubernetes cluster on Harvester. Run it with --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/command"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := command.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: term.IsTerminal(int(os.Stdin.Fd())),
	}
	code := command.Execute(ctx, streams, version, os.Args[1:])
	stop()
	os.Exit(code)
}
