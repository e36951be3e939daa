// Command caphv-etcd shows the etcd of a cluster, plans a node's departure and takes its member out. Exit codes: 0 done,
// 1 failed, 2 wrong usage, 3 not now: the plan is to wait or to refuse.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops/internal/cli"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
