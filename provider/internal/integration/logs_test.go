package integration

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Each thing that changed is one line, found by cluster, machine and VM; and nothing is logged when nothing changed.
func TestLogTellsWhatChangedAndNothingElse(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var logged []map[string]any
	w.ctx = ctrl.LoggerInto(w.ctx, funcr.NewJSON(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			line = map[string]any{"unreadable": text}
		}
		if !aboutAnother(line, w.namespace) {
			logged = append(logged, line)
		}
	}, funcr.Options{}))
	lines := func() []map[string]any {
		mu.Lock()
		defer mu.Unlock()
		taken := logged
		logged = nil
		return taken
	}
	w.seedHarvester(5)
	w.provisionCluster()
	require.NotEmpty(t, lines())
	w.provisionMachine("m-1", true)
	requireKeys(t, lines(), w.target+"/m-1", infrav1.AddressAllocatedReason, infrav1.VMCreatedEvent)

	for range 2 { // See TestNothingIsWrittenAtRest.
		w.reconcileBoth("m-1")
	}
	lines()
	for range 10 {
		w.reconcileBoth("m-1")
	}
	assert.Empty(t, lines(), "at rest")

	w.deleteMachine("m-1")
	w.settleMachine("m-1", func(*infrav1.HarvesterMachine) bool { return w.vmIsBeingDeleted("m-1") })
	w.finishVMDeletion("m-1")
	w.settle(func() error { _, err := w.reconcileMachine("m-1"); return err }, func() bool { return w.machineIsGone("m-1") })
	requireKeys(t, lines(), w.target+"/m-1", infrav1.VMDeletedEvent, infrav1.AddressReleasedEvent)
}

// aboutAnother tells whether a line is about an identity of another namespace. All tests share one API server, and the look
// for leaked addresses names each identity there that cannot be connected, those of earlier tests too.
func aboutAnother(line map[string]any, namespace string) bool {
	identity, _ := line["identity"].(map[string]any)
	return identity != nil && identity["namespace"] != namespace
}

// requireKeys looks for one line of each reason, and for the keys of each line.
func requireKeys(t *testing.T, lines []map[string]any, vm string, reasons ...string) {
	t.Helper()
	count := map[any]int{}
	for _, line := range lines {
		count[line["reason"]]++
		assert.Equal(t, clusterName, line["cluster"], line)
		assert.Equal(t, "m-1", line["machine"], line)
		assert.Equal(t, vm, line["vm"], line)
	}
	for _, reason := range reasons {
		assert.Equal(t, 1, count[reason], "%s in %v", reason, lines)
	}
}
