package harvestermachine

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
)

func TestEtcdOutcome(t *testing.T) {
	const early, late = time.Minute, -time.Minute
	plan := func(action etcdops.Action) etcdops.Plan { return etcdops.Plan{Action: action, Reason: "because"} }
	for name, test := range map[string]struct {
		plan      etcdops.Plan
		err       error
		left      time.Duration
		confirmed bool
		reason    string
		stops     bool
	}{
		"gone":                           {plan(etcdops.ActionNone), nil, early, false, infrav1.EtcdMemberRemovedReason, false},
		"gone, late":                     {plan(etcdops.ActionNone), nil, late, false, infrav1.EtcdMemberRemovedReason, false},
		"in between":                     {plan(etcdops.ActionWait), nil, early, false, infrav1.EtcdMemberRemovalFailedReason, true},
		"in between for too long":        {plan(etcdops.ActionWait), nil, late, false, infrav1.EtcdMemberRemovalFailedReason, false},
		"refused":                        {plan(etcdops.ActionRefuse), nil, early, false, infrav1.EtcdQuorumAtRiskReason, true},
		"refused, and no deadline helps": {plan(etcdops.ActionRefuse), nil, late, false, infrav1.EtcdQuorumAtRiskReason, true},
		"refused, and confirmed":         {plan(etcdops.ActionRefuse), nil, early, true, infrav1.EtcdQuorumAtRiskReason, false},
		"guest silent":                   {etcdops.Plan{}, guest.ErrUnreachable, early, false, infrav1.EtcdUnreachableReason, true},
		"guest silent for too long":      {etcdops.Plan{}, guest.ErrUnreachable, late, false, infrav1.EtcdUnreachableReason, false},
		"etcd silent":                    {etcdops.Plan{}, etcdops.ErrUnreachable, early, false, infrav1.EtcdUnreachableReason, true},
		"etcd unhealthy":                 {etcdops.Plan{}, etcdops.ErrUnhealthy, early, false, infrav1.EtcdMemberRemovalFailedReason, true},
		"its turn has not come":          {etcdops.Plan{}, guest.ErrEtcdBusy, early, false, infrav1.EtcdMemberRemovalFailedReason, true},
		"its turn has not come, late":    {etcdops.Plan{}, guest.ErrEtcdBusy, late, false, infrav1.EtcdMemberRemovalFailedReason, true},
		"something else":                 {etcdops.Plan{}, errors.New("boom"), early, false, infrav1.EtcdMemberRemovalFailedReason, true},
		"something else, but confirmed":  {etcdops.Plan{}, errors.New("boom"), early, true, infrav1.EtcdMemberRemovalFailedReason, false},
	} {
		t.Run(name, func(t *testing.T) {
			outcome := etcdOutcome(test.plan, test.err, test.left, test.confirmed)
			assert.Equal(t, test.reason, outcome.Reason)
			assert.Equal(t, test.stops, outcome.Stop)
			require.NoError(t, outcome.Err, "a silent etcd must not be an error storm")
			if test.stops {
				assert.NotZero(t, outcome.RequeueAfter, "nothing announces that etcd changed")
			}
		})
	}
}

func TestALeftBehindMemberCountsAsAFailure(t *testing.T) {
	boom := errors.New("boom")
	gaveUp := etcdOutcome(etcdops.Plan{Action: etcdops.ActionWait, Reason: "because"}, nil, -time.Minute, false)
	require.False(t, gaveUp.Stop)
	require.EqualError(t, etcdFailure(nil, gaveUp, true), "because")
	require.NoError(t, etcdFailure(nil, gaveUp, false))
	require.Equal(t, boom, etcdFailure(boom, gaveUp, true))
}

// A guest that joins while its machine is deleted becomes a member after etcd was asked. It is asked again when the VM is
// gone, and not in between.
func TestEtcdIsAskedOnceMoreWhenTheVMIsGone(t *testing.T) {
	now := metav1.Now()
	r := &Reconciler{Clock: clocktesting.NewFakePassiveClock(now.Time), EtcdTimeout: time.Minute}
	there, going := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &now}}
	for name, test := range map[string]struct {
		reason  string
		vm      *kubevirtv1.VirtualMachine
		settled bool
	}{
		"not asked yet":                  {"", there, false},
		"asked, the VM is to be deleted": {infrav1.EtcdMemberRemovedReason, there, true},
		"asked, the VM goes":             {infrav1.EtcdMemberRemovedReason, going, true},
		"asked, the VM is gone":          {infrav1.EtcdMemberRemovedReason, nil, false},
		"asked when the VM was gone":     {infrav1.EtcdMemberRemovalVerifiedReason, nil, true},
		"there is no member to look for": {infrav1.EtcdRemovalNotNeededReason, nil, true},
		"silent, and there is time":      {infrav1.EtcdUnreachableReason, nil, false},
	} {
		machine := &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &now}}
		if test.reason != "" {
			machine.Status.Conditions = []metav1.Condition{{Type: infrav1.EtcdMemberRemovedCondition, Status: metav1.ConditionTrue, Reason: test.reason}}
		}
		assert.Equal(t, test.settled, r.etcdSettled(&scope{machine: machine, vm: test.vm}), name)
	}
}

// Nodes are named by their guests, and the Machine says which one is its own.
func TestEtcdIsAskedForTheNodeThatTheMachineNames(t *testing.T) {
	s := &scope{vmName: "vm", owner: &clusterv1.Machine{}}
	assert.Equal(t, "vm", nodeName(s))
	s.owner.Status.NodeRef.Name = "node"
	assert.Equal(t, "node", nodeName(s))
	s.owner = nil
	assert.Equal(t, "vm", nodeName(s))
}
