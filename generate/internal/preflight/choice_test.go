package preflight

import (
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func TestPoolsThatHarvesterWouldChoose(t *testing.T) {
	scoped := func(network string, scope ...lbv1.Tuple) lbv1.IPPool {
		pool := lbv1.IPPool{}
		pool.Spec.Selector.Network, pool.Spec.Selector.Scope = network, scope
		return pool
	}
	for name, test := range map[string]struct {
		pool lbv1.IPPool
		want bool
	}{
		"no scope":           {scoped(""), false},
		"every namespace":    {scoped("", lbv1.Tuple{Project: "*", Namespace: "*", GuestCluster: "*"}), true},
		"ours":               {scoped("", lbv1.Tuple{Namespace: "other"}, lbv1.Tuple{Namespace: "vms"}), true},
		"another's":          {scoped("", lbv1.Tuple{Namespace: "other"}), false},
		"bound to a network": {scoped("default/production", lbv1.Tuple{Namespace: "*"}), false},
		"the global one":     {lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{globalPool: "true"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, choosable([]lbv1.IPPool{test.pool}, "vms"))
		})
	}
	assert.False(t, choosable(nil, "vms"))
}
