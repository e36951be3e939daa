package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
)

// newFleet brings a light sandbox up beside the shared one.
func newFleet(t *testing.T) *fleet.Fleet {
	t.Helper()
	options, metrics, err := fleet.Options(root, filepath.Join(root, ".cache", "e2e-fleet"))
	require.NoError(t, err)
	options.Out, options.Report = os.Stderr, line.Up
	light, err := sandbox.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, light.Stop(context.Background())) })
	f, err := fleet.New(t.Context(), light, metrics)
	require.NoError(t, err)
	return f
}

// TestManyMachines plays two plans of faults, the second with two managers at once, and holds what a machine may cost.
// `caphv-sandbox faults` and `caphv-sandbox measure` do the same at any size.
func TestManyMachines(t *testing.T) {
	f := newFleet(t)
	t.Run("under faults", func(t *testing.T) {
		for _, seed := range []int64{1, firstTwin(t)} {
			result, err := f.FaultRun(t.Context(), fleet.NewPlan(seed, 4), t.Logf)
			require.NoError(t, err)
			for _, finding := range result.Findings {
				t.Errorf("seed %d: %v", seed, finding)
			}
		}
	})
	t.Run("with addresses by claims", func(t *testing.T) { byClaims(t, f) })
	t.Run("within their budget", func(t *testing.T) {
		report, err := f.Measure(t.Context(), fleet.Load{Clusters: 1, Machines: 10, Rest: 20 * time.Second, Timeout: 5 * time.Minute}, t.Logf)
		require.NoError(t, err)
		t.Log(report)
		// The goals are 8 and 15. On a busy machine conflicts add some of each; what it really takes is in docs/benchmarks.md.
		assert.LessOrEqual(t, report.HarvesterRequestsMade, 12.0, "requests to Harvester to make a machine")
		assert.LessOrEqual(t, report.ManagementWritesLifetime, 20.0, "writes to the management cluster in a machine's life")
		assert.Zero(t, report.RestManagementWrites, "writes at rest")
	})
}

// firstTwin is a seed whose plan has two managers at once.
func firstTwin(t *testing.T) int64 {
	t.Helper()
	for seed := int64(2); ; seed++ {
		if fleet.NewPlan(seed, 1).Twin {
			return seed
		}
	}
}
