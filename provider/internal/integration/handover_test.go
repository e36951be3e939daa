package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
)

// handedOver is how long a manager may take from being told to stop until the next one may lead. On an idle machine it is
// well under two seconds; a busy one gets more. With closed connections it took ten seconds and longer.
const handedOver = 6 * time.Second

// Machines that take an address of their first pool and give it back, because there is no second pool, are in the midst of
// what may not be interrupted whenever the manager is told to stop. It needs its connection to Harvester until it is done.
func TestManagerUnderLoadStopsAtOnce(t *testing.T) {
	const machines = 20
	w := newWorld(t)
	w.seedHarvester(machines)
	options := manager.DefaultOptions()
	options.Namespace, options.MetricsAddress, options.HealthAddress, options.EnableWebhooks = w.namespace, "0", "0", false
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- manager.Run(ctx, management, options) }()
	t.Cleanup(stop)

	w.createCluster()
	w.awaitCluster(infrav1.LoadBalancerReadyCondition, "False/"+infrav1.LoadBalancerAddressPendingReason)
	w.addressLoadBalancer("192.0.2.10")
	w.awaitCluster(infrav1.ReadyCondition, "True/"+infrav1.ReadyReason)
	w.markProvisioned()
	for i := range machines {
		w.createMachine(fmt.Sprintf("m-%d", i), false, withCard(1, infrav1.NetworkInterface{IPPoolRefs: []string{"misspelt"}}))
	}
	w.awaitMachine("m-0", infrav1.AddressReadyCondition, "False/"+infrav1.PoolNotFoundReason)

	told := time.Now()
	stop()
	select {
	case err := <-stopped:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, "the manager does not stop")
	}
	assert.Less(t, time.Since(told), handedOver)
	t.Logf("stopped after %v", time.Since(told))
}
