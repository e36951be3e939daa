// Command caphv-lint validates manifests of the Harvester infrastructure provider by the rules of its admission webhook,
// without a cluster. Exit codes: 0 nothing found, 1 findings, 2 wrong usage or unreadable input.
package main

import (
	"os"
	"runtime/debug"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/cli"
)

// version is set by the linker. Without it, as with go install, the version is that of the module.
var version string

// gcPercent lets the heap of this short-lived process grow further between collections: a third less time for
// thousands of documents.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(cli.Run(cli.VersionOf(version, debug.ReadBuildInfo), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
