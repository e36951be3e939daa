// Package simulatortest runs a simulated Harvester for as long as a test runs.
//
// It needs etcd, kube-apiserver and kube-controller-manager, and KubeVirt's admission, as [simulator.Options] describe them. It
// fails, never skips, without them.
package simulatortest

import (
	"context"
	"testing"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// startTimeout is generous: other packages' tests may compile meanwhile.
const startTimeout = 3 * time.Minute

// Quick shortens the delays that the options leave to the simulator to 20 ms: for tests that do not look at them.
func Quick(options simulator.Options) simulator.Options {
	for _, delay := range []*time.Duration{
		&options.BootDelay, &options.AgentDelay, &options.PVCDelay, &options.LBDelay, &options.ImageDelay, &options.StopDelay, &options.SettleDelay,
	} {
		if *delay == 0 {
			*delay = 20 * time.Millisecond
		}
	}
	return options
}

// Start runs a simulated Harvester until the test ends.
func Start(tb testing.TB, options simulator.Options) *simulator.Harvester {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	harvester, err := simulator.Start(ctx, options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := harvester.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return harvester
}
