package admission

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func newRange(start, end string) lbv1.Range {
	return lbv1.Range{Subnet: "10.0.0.0/16", RangeStart: start, RangeEnd: end}
}

func namedPool(name string, ranges ...lbv1.Range) *lbv1.IPPool {
	return &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: lbv1.IPPoolSpec{Ranges: ranges}}
}

func TestCheckRanges(t *testing.T) {
	other := *namedPool("other", newRange("10.0.5.1", "10.0.5.9"))
	other.Spec.Selector.Network = "default/elsewhere"
	for name, test := range map[string]struct {
		pool *lbv1.IPPool
		says string
	}{
		"fine":                         {namedPool("p", newRange("10.0.1.1", "10.0.1.9"), newRange("10.0.1.10", "10.0.1.19")), ""},
		"no range":                     {namedPool("p"), "range can't be empty"},
		"a bad one":                    {namedPool("p", lbv1.Range{Subnet: "nonsense"}), "192.168.1.0/24"},
		"overlap within":               {namedPool("p", newRange("10.0.1.1", "10.0.1.9"), newRange("10.0.1.9", "10.0.1.19")), "overlaps between"},
		"overlap with another network": {namedPool("p", newRange("10.0.5.9", "10.0.5.19")), "overlap with other pools"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := checkRanges(test.pool, []lbv1.IPPool{other})
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestCheckAllocated(t *testing.T) {
	pool := namedPool("p", newRange("10.0.1.1", "10.0.1.9"))
	ranges, err := checkRanges(pool, nil)
	require.NoError(t, err)
	pool.Status.Allocated = map[string]string{"10.0.1.5": "a/b"}
	require.NoError(t, checkAllocated(pool, ranges))
	pool.Status.Allocated["10.0.2.5"] = "a/c"
	require.EqualError(t, checkAllocated(pool, ranges), "allocated IP 10.0.2.5 is excluded")
	pool.Status.Allocated = map[string]string{"ten": "a/c"}
	require.ErrorContains(t, checkAllocated(pool, ranges), "invalid ip string")
}

func TestCheckSelector(t *testing.T) {
	all := lbv1.Tuple{Project: "*", Namespace: "*", GuestCluster: "*"}
	with := func(name string, priority uint32, scope ...lbv1.Tuple) *lbv1.IPPool {
		pool := namedPool(name)
		pool.Spec.Selector = lbv1.Selector{Priority: priority, Scope: scope}
		return pool
	}
	global := *with("global", 0, all)
	global.Labels = map[string]string{lbv1.IPPoolGlobalLabel: "true"}
	others := []lbv1.IPPool{global, *with("five", 5, lbv1.Tuple{Namespace: "five"}), *with("zero", 0, lbv1.Tuple{Namespace: "zero"})}
	for name, test := range map[string]struct {
		pool *lbv1.IPPool
		says string
	}{
		"no scope":                        {with("p", 0), ""},
		"a second global one":             {with("p", 0, all), "already a global IP pool: global"},
		"same priority":                   {with("p", 5, lbv1.Tuple{Namespace: "a"}), "priority can't be the same as the pool five"},
		"another priority":                {with("p", 6, lbv1.Tuple{Namespace: "five"}), ""},
		"same scope at zero":              {with("p", 0, lbv1.Tuple{Namespace: "zero"}), "scope selector is same as the pool zero"},
		"its own scopes match each other": {with("p", 7, lbv1.Tuple{Namespace: "a"}, lbv1.Tuple{Namespace: "*"}), "scope overlaps"},
		"two scopes that do not":          {with("p", 7, lbv1.Tuple{Namespace: "a"}, lbv1.Tuple{Namespace: "b"}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkSelector(test.pool, others)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
	assert.True(t, isGlobal(&global))
	assert.False(t, isGlobal(with("p", 0, all, all)))
}
