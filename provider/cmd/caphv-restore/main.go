// Command caphv-restore makes dumps of a lost management cluster ready for clusterctl. Run it with --help.
package main

import (
	"context"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/restore"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(restore.Execute(context.Background(), os.Stdout, os.Stderr, version, os.Args[1:]))
}
