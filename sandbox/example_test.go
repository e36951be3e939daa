package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// Runs a sandbox, as the README shows. It takes about 15 seconds and several
// processes, so that it is compiled here and run by the end-to-end tests.
func ExampleStart() {
	ctx := context.Background()
	s, err := sandbox.Start(ctx, sandbox.Options{StateDir: os.TempDir() + "/my-sandbox", Report: timeline.New(os.Stdout, nil).Up})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { fmt.Println(s.Stop(context.Background())) }()
	fmt.Println(s.Break(ctx, "manager", ""))
}

func ExampleFaults() {
	for _, fault := range sandbox.Faults() {
		if strings.HasPrefix(fault.Name, "vm-c") {
			fmt.Println(fault.Name, fault.Argument()+":", fault.Effect)
		}
	}
	// Output: vm-crash <namespace>/<vm>: ends the guest out of order
}
