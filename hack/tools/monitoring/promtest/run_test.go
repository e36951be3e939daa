package promtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/cases"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/promtest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

func TestCases(t *testing.T) {
	for _, c := range cases.All() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, promtest.Run(t.Context(), alerts.Rules(), c))
		})
	}
}

// Each alert fires in a case, resolves after it fired, and has a case in which it never fires.
func TestEveryAlertHasItsCases(t *testing.T) {
	for _, alert := range alerts.Names() {
		fires, resolves, silent := false, false, false
		for _, c := range cases.All() {
			if c.Alert != alert {
				continue
			}
			fired := slices.ContainsFunc(c.Checks, func(check cases.Check) bool { return len(check.Firing) > 0 })
			fires = fires || fired
			silent = silent || !fired
			resolves = resolves || fired && len(c.Checks[len(c.Checks)-1].Firing) == 0
			assert.True(t, slices.IsSortedFunc(c.Checks, func(a, b cases.Check) int { return int(a.At - b.At) }), c)
		}
		assert.True(t, fires, "%s never fires", alert)
		assert.True(t, resolves, "%s never resolves", alert)
		// Of a rule about two machines one may have to be silent in the same case.
		assert.True(t, silent, "%s is never silent", alert)
	}
}

// equal are changes that make no difference to who fires and when, and why that is so.
var equal = map[string]string{
	"CAPHVMachineNotReady: window 1m0s instead of 5m0s in: max by (cluster, cluster_namespace, machine) (max_over_time(caphv_machine_status[5m]))":  "a restart opens a gap of minutes in the deletion's series, and the alert waits for 15",
	"CAPHVMachineNotReady: window 20m0s instead of 5m0s in: max by (cluster, cluster_namespace, machine) (max_over_time(caphv_machine_status[5m]))": "a deletion is not taken back",
	"CAPHVIPPoolAllocationErrors: label machinex": "the number in the text changes, not who fires",
	"CAPHVEtcdQuorumAtRisk: label machinex":       "the number in the text changes, not who fires",
	`CAPHVWebhookErrors: matcher error_type!="no_errorx" in: sum by (name) (increase(apiserver_admission_webhook_rejection_count{error_type!="no_error",name=~"validation\\.harvester.*"}[10m])) > 0 or sum by (name) (apiserver_admission_webhook_rejection_count{error_type!="no_error",name=~"validation\\.harvester.*"} unless`: "unless compares all labels, so what it has in excess matches nothing",
}

// TestMutants changes every rule in every place: a case of its alert has to notice.
func TestMutants(t *testing.T) {
	seen := map[string]bool{}
	for _, alert := range alerts.Names() {
		mutants, err := promtest.Mutants(alert)
		require.NoError(t, err)
		require.NotEmpty(t, mutants)
		ofAlert := slices.DeleteFunc(cases.All(), func(c cases.Case) bool { return c.Alert != alert })
		for _, mutant := range mutants {
			why := ""
			for prefix, reason := range equal {
				if strings.HasPrefix(alert+": "+mutant.What, prefix) {
					why, seen[prefix] = reason, true
				}
			}
			noticed := slices.ContainsFunc(ofAlert, func(c cases.Case) bool { return promtest.Run(t.Context(), mutant.Rules, c) != nil })
			if why == "" {
				assert.True(t, noticed, "%s: no case notices %s", alert, mutant.What)
			} else {
				assert.False(t, noticed, "%s: a case notices %s, which is listed as equal", alert, mutant.What)
			}
		}
		t.Logf("%s: %d changes", alert, len(mutants))
	}
	for prefix := range equal {
		assert.True(t, seen[prefix], "no such change: %s", prefix)
	}
}
