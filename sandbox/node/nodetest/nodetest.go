// Package nodetest helps tests that need a node: it runs each inside a machine of its own, and makes images of programs.
package nodetest

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node"
)

// Run runs a package's tests, for TestMain. In a machine, ready, if not nil, runs before them. Tests that need a machine
// begin with Only.
func Run(m *testing.M, ready func() error) int {
	if node.Inside() {
		return inside(m, ready)
	}
	return m.Run()
}

// Only runs the calling test alone in a machine of its own, and returns whether that is here: a test begins with
// `if !nodetest.Only(t) { return }`. In the machine, the package's TestMain calls Run, or node.Settle.
//
// Where a machine cannot be made the test fails, with an error that says why: none is skipped.
func Only(t *testing.T) bool {
	t.Helper()
	if node.Inside() {
		return true
	}
	arguments := []string{"-test.run=^" + regexp.QuoteMeta(t.Name()) + "$", "-test.v=" + strconv.FormatBool(testing.Verbose()), "-test.count=1"}
	if deadline, ok := t.Deadline(); ok {
		arguments = append(arguments, "-test.timeout="+time.Until(deadline).String())
	}
	code, err := node.Reenter(t.Context(), arguments, nil)
	if err != nil {
		t.Fatal(err)
	}
	if code != 0 {
		t.Fatalf("%s failed in its machine: see above", t.Name())
	}
	return false
}

func inside(m *testing.M, ready func() error) int {
	err := node.Settle()
	if err == nil && ready != nil {
		err = ready()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
