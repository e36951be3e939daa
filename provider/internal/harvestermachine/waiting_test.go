package harvestermachine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// The alerts read this: the first condition in the order of the phases is the one to look at.
func TestWaitsFor(t *testing.T) {
	at := metav1.NewTime(time.Unix(1000, 0))
	condition := func(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: at}
	}
	noAddress := condition(infrav1.AddressReadyCondition, "False", infrav1.PoolExhaustedReason)
	noVM := condition(infrav1.VMProvisionedCondition, "False", infrav1.WaitingForPreviousStepReason)
	quorum := condition(infrav1.EtcdMemberRemovedCondition, "False", infrav1.EtcdQuorumAtRiskReason)
	deleting := condition(infrav1.DeletingCondition, "True", infrav1.RemovingEtcdMemberReason)
	for name, test := range map[string]struct {
		conditions []metav1.Condition
		deleted    bool
		reason     string
	}{
		"ready":                     {[]metav1.Condition{condition(infrav1.ReadyCondition, "True", infrav1.ReadyReason), noAddress}, false, ""},
		"new, without conditions":   {nil, false, ""},
		"the first of two":          {[]metav1.Condition{noVM, noAddress}, false, infrav1.PoolExhaustedReason},
		"unknown is not met":        {[]metav1.Condition{condition(infrav1.VMRunningCondition, "Unknown", infrav1.VMUnknownReason)}, false, infrav1.VMUnknownReason},
		"met ones are skipped":      {[]metav1.Condition{condition(infrav1.AddressReadyCondition, "True", infrav1.AddressAllocatedReason), noVM}, false, infrav1.WaitingForPreviousStepReason},
		"not being deleted":         {[]metav1.Condition{condition(infrav1.DeletingCondition, "False", infrav1.NotDeletingReason)}, false, ""},
		"deletion, whatever it had": {[]metav1.Condition{noAddress, deleting}, true, infrav1.RemovingEtcdMemberReason},
		"deletion, held up by etcd": {[]metav1.Condition{deleting, quorum}, true, infrav1.EtcdQuorumAtRiskReason},
	} {
		t.Run(name, func(t *testing.T) {
			machine := &infrav1.HarvesterMachine{}
			machine.Status.Conditions = test.conditions
			if test.deleted {
				machine.DeletionTimestamp = &at
			}
			reason, since := waitsFor(machine)
			assert.Equal(t, test.reason, reason)
			assert.Equal(t, test.reason == "", since.IsZero())
		})
	}
}

func TestRemediated(t *testing.T) {
	owner := func(status metav1.ConditionStatus) *clusterv1.Machine {
		machine := &clusterv1.Machine{}
		machine.Status.Conditions = []metav1.Condition{{Type: clusterv1.MachineHealthCheckSucceededCondition, Status: status}}
		return machine
	}
	assert.True(t, remediated(owner("False")))
	assert.False(t, remediated(owner("True")))
	assert.False(t, remediated(&clusterv1.Machine{}), "no MachineHealthCheck looks at it")
	assert.False(t, remediated(nil))
}
