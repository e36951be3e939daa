package phase_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

func TestSumUp(t *testing.T) {
	types := []string{"A", "B", infrav1.EtcdMemberRemovedCondition, infrav1.DeletingCondition}
	condition := func(conditionType string, status metav1.ConditionStatus, message string) metav1.Condition {
		return metav1.Condition{Type: conditionType, Status: status, Reason: "Because", Message: message}
	}
	for name, test := range map[string]struct {
		conditions      []metav1.Condition
		status          metav1.ConditionStatus
		reason, message string
	}{
		"all well":          {[]metav1.Condition{condition("A", "True", "a note"), condition("B", "True", "")}, "True", infrav1.ReadyReason, ""},
		"one bad":           {[]metav1.Condition{condition("A", "True", "a note"), condition("B", "False", "broken")}, "False", infrav1.NotReadyReason, "* B: broken"},
		"one never seen":    {[]metav1.Condition{condition("A", "True", "")}, "Unknown", infrav1.ReadyUnknownReason, "* B: Condition not yet reported"},
		"deleting":          {[]metav1.Condition{condition("A", "True", ""), condition("B", "True", ""), condition(infrav1.DeletingCondition, "True", "going")}, "False", infrav1.NotReadyReason, "* Deleting: going"},
		"etcd still in use": {[]metav1.Condition{condition("A", "True", ""), condition("B", "True", ""), condition(infrav1.EtcdMemberRemovedCondition, "False", "risky")}, "False", infrav1.NotReadyReason, "* EtcdMemberRemoved: risky"},
	} {
		t.Run(name, func(t *testing.T) {
			machine := &infrav1.HarvesterMachine{}
			for _, c := range test.conditions {
				conditions.Set(machine, c)
			}
			require.NoError(t, phase.SumUp(machine, types))
			ready := conditions.Get(machine, infrav1.ReadyCondition)
			assert.Equal(t, test.status, ready.Status)
			assert.Equal(t, test.reason, ready.Reason)
			assert.Equal(t, test.message, ready.Message)
		})
	}
}
