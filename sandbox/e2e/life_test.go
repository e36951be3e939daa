package e2e_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// TestAClustersLifeWithTheManagerKilledFiveTimes tells the demo's story, which
// checks machines, Nodes and what is left, and then judges what the stand-in
// recorded: nothing doubled, nothing given away while in use. The manager's account on Harvester has the rights of
// harvesterclient/rights and no others; none of its requests may be refused.
func TestAClustersLifeWithTheManagerKilledFiveTimes(t *testing.T) {
	const kills = 5
	manager, err := shared.Management().Manager(management.CAPHV)
	require.NoError(t, err)
	before := manager.Restarts()
	refusedBefore := refused()
	earlier, err := history.Read(shared.HistoryFile())
	require.NoError(t, err)

	err = demo.Run(t.Context(), shared, line, demo.Options{
		Namespace: "life", Name: "life", KillManager: kills, Seed: 1, Timeout: 6 * time.Minute,
	})
	require.NoError(t, err)

	assert.Equal(t, kills, manager.Restarts()-before, "the manager died by itself, or was not killed")
	assert.Equal(t, refusedBefore, refused(), "requests that the account has no right to")
	assert.Positive(t, shared.Harvester().Requests().Sum("create", "virtualmachines"))
	events, err := history.Read(shared.HistoryFile())
	require.NoError(t, err)
	require.NotEmpty(t, events)
	var ups int
	for _, event := range events[len(earlier):] { // other tests make machines in this sandbox too
		if event.Kind == history.MachineUp {
			ups++
		}
	}
	assert.Equal(t, 7, ups, "3 control planes, 2 workers, one more and the one for the lost: seven machines are ever powered on")
	for _, finding := range judge.Judge(events, true) {
		t.Error(finding)
	}
	t.Logf("history: %s", filepath.Base(shared.HistoryFile()))
}

// refused counts the requests that Harvester has refused for want of a right.
func refused() map[simulator.RequestKind]int {
	counts := map[simulator.RequestKind]int{}
	for key, count := range shared.Harvester().Requests().All() {
		if key.Code == http.StatusForbidden {
			counts[key] = count
		}
	}
	return counts
}
