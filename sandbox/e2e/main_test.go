package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// shared is the sandbox of this run, line its transcript.
var (
	shared *sandbox.Sandbox
	line   *timeline.Timeline
	root   string
)

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// runAll brings the sandbox up, runs the tests and stops it. The state folder is
// kept when something failed: its logs say why.
func runAll(m *testing.M) (code int, err error) {
	if root, err = build.Root("."); err != nil {
		return 1, err
	}
	state := filepath.Join(root, ".cache", "e2e")
	line = timeline.New(os.Stdout, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	shared, err = sandbox.Start(ctx, sandbox.Options{Root: root, StateDir: state, Out: os.Stderr, Report: line.Up})
	if err != nil {
		return 1, err
	}
	code = m.Run()
	err = errors.Join(err, shared.Stop(context.Background()))
	if code != 0 || err != nil {
		fmt.Fprintf(os.Stderr, "e2e: logs are kept in %s\n", state)
	}
	return code, err
}
