package harvestermachine

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
