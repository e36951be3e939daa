// Command caphv-ipam shows, verifies and repairs the address pools of a Harvester. Run it with --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolcommand"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := poolcommand.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stdin.Fd()))}
	code := poolcommand.Execute(ctx, streams, version, os.Args[1:])
	stop()
	os.Exit(code)
}
