package installation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// patience bounds each wait, and each command.
const patience = 2 * time.Minute

var (
	paths build.Paths
	// releases of this tree, as `make release` writes them but without binaries: one that is installed, and one that it is
	// upgraded to.
	older, newer release
)

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "installation:", err)
		code = 1
	}
	os.Exit(code)
}

// runAll builds the programs that install, and the releases that they install.
func runAll(m *testing.M) (code int, err error) {
	root, err := build.Root(".")
	if err != nil {
		return 1, err
	}
	paths = build.Paths{Root: root}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	builder := &build.Builder{Root: root, Out: os.Stderr}
	if err := builder.Build(ctx, "capi-core", build.Clusterctl, build.Helm, build.Helm3); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "installation")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if older, err = makeRelease(ctx, dir, "v0.11.0"); err != nil {
		return 1, err
	}
	if newer, err = makeRelease(ctx, dir, "v0.11.1"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// kubectlProgram is the one that is built with the API server.
func kubectlProgram() string { return filepath.Join(paths.Assets(), "kubectl") }
