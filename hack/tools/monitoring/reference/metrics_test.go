package reference

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

func TestPageIsUpToDate(t *testing.T) {
	want, err := Metrics()
	require.NoError(t, err)
	got, err := os.ReadFile("../../../../docs/observability-metrics.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run make generate")
}

// Each family has its line, and each alert that reads one of ours is linked.
func TestEveryFamilyAndAlertIsOnThePage(t *testing.T) {
	page, err := Metrics()
	require.NoError(t, err)
	for _, family := range observability.Families() {
		assert.Equal(t, 1, strings.Count(string(page), "\n| `"+family.Name+"` |"), family.Name)
	}
	for _, rule := range alerts.Rules() {
		if strings.Contains(rule.Expr, "caphv_") {
			assert.Contains(t, string(page), "["+rule.Alert+"]")
		}
	}
}

// What a thousand machines in fifty clusters cost stays below what a small Prometheus takes: 15,000 series.
func TestSeriesOfAThousandMachines(t *testing.T) {
	machine, fixed := 0, 0
	for _, family := range observability.Families() {
		size := 1
		if len(family.Buckets) > 0 {
			size = len(family.Buckets) + 3 // +Inf, sum and count
		}
		has := func(label string) bool { return slices.Contains(family.Labels, label) }
		switch {
		case has(observability.LabelMachine):
			machine++
		case has(observability.LabelOperation):
			fixed += 2 * size
		case has(observability.LabelCode):
			fixed += 500
		case has(observability.LabelCluster), has(observability.LabelPool):
			fixed += 50 * size
		default:
			fixed += size
		}
	}
	require.Equal(t, 3, machine)
	assert.LessOrEqual(t, machine*1000+fixed, 15000)
}
