// Command caphv-doctor says why a cluster or a machine is not ready. Run it with --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := doctor.Execute(ctx, doctor.Streams{Out: os.Stdout, Err: os.Stderr}, version, os.Args[0], os.Args[1:])
	stop()
	os.Exit(code)
}
