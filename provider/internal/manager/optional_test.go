package manager

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionalObjectsAreChosenByFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"ServiceMonitor", "PrometheusRule", "ClusterClass"}},
		{[]string{"--create-cluster-class=false"}, []string{"ServiceMonitor", "PrometheusRule"}},
		{[]string{"--create-prometheus-rule=false"}, []string{"ServiceMonitor", "ClusterClass"}},
		{[]string{"--create-service-monitor=false"}, []string{"PrometheusRule", "ClusterClass"}},
		{[]string{"--metrics-bind-address=0"}, []string{"ClusterClass"}},
	} {
		options := parse(t, test.args...)
		sets, err := options.optionalSets()
		require.NoError(t, err)
		var names []string
		for _, set := range sets {
			names = append(names, set.Name)
		}
		assert.Equal(t, test.want, names, "%v", test.args)
	}
}
