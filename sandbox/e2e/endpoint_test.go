package e2e_test

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
)

// The endpoint is there before any machine, whichever way the load balancer gets its address.
func TestAnEndpointComesFromAPoolAndFromDHCP(t *testing.T) {
	c := managementClient(t)
	kubeconfig, err := os.ReadFile(shared.HarvesterKubeconfig())
	require.NoError(t, err)
	for name, test := range map[string]struct {
		balancer infrav1.LoadBalancerConfig
		within   netip.Prefix
	}{
		"pool": {infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypePool, IPPoolRef: sandbox.LBPool}, shared.Network().LBPool},
		"dhcp": {infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypeDHCP}, shared.Network().LBLeases},
	} {
		t.Run(name, func(t *testing.T) {
			ns := "endpoint-by-" + name
			namespace(t, c, ns)
			identity(t, c, ns, kubeconfig)
			infra := newCluster(ns, sandbox.MachinePool)
			infra.Spec.LoadBalancerConfig = test.balancer
			createCluster(t, c, infra)

			awaitCondition(t, c, infra, infrav1.LoadBalancerReadyCondition, metav1.ConditionTrue, "")
			awaitCondition(t, c, infra, infrav1.ReadyCondition, metav1.ConditionTrue, "")
			// Conditions are written before the spec, which Cluster API's patch helper writes in another request.
			require.Eventually(t, func() bool {
				return c.Get(t.Context(), client.ObjectKeyFromObject(infra), infra) == nil && infra.Spec.ControlPlaneEndpoint.Host != ""
			}, patience, 50*time.Millisecond, "no endpoint")
			host, err := netip.ParseAddr(infra.Spec.ControlPlaneEndpoint.Host)
			require.NoError(t, err)
			assert.True(t, test.within.Contains(host), "%s is not in %s", host, test.within)
			assert.EqualValues(t, 6443, infra.Spec.ControlPlaneEndpoint.Port)
			var machines clusterv1.MachineList
			require.NoError(t, c.List(t.Context(), &machines, client.InNamespace(ns)))
			assert.Empty(t, machines.Items)
		})
	}
}
