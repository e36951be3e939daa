package v1beta1_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func TestPoolRefsPrefersTheOrderedList(t *testing.T) {
	tests := map[string]struct {
		single  string
		ordered []string
		want    []string
	}{
		"none":                     {},
		"one pool":                 {single: "a", want: []string{"a"}},
		"pools in order":           {ordered: []string{"b", "a"}, want: []string{"b", "a"}},
		"the list wins over one":   {single: "c", ordered: []string{"b", "a"}, want: []string{"b", "a"}},
		"an empty list is no list": {single: "c", ordered: []string{}, want: []string{"c"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cluster := &infrav1.VMNetworkConfig{IPPoolRef: test.single, IPPoolRefs: test.ordered}
			machine := &infrav1.MachineVMNetworkConfig{IPPoolRef: test.single, IPPoolRefs: test.ordered}
			assert.Equal(t, test.want, cluster.PoolRefs())
			assert.Equal(t, test.want, machine.PoolRefs())
		})
	}
	assert.Nil(t, (*infrav1.VMNetworkConfig)(nil).PoolRefs())
	assert.Nil(t, (*infrav1.MachineVMNetworkConfig)(nil).PoolRefs())
}

func TestPoolRefsIsTheCallersOwn(t *testing.T) {
	config := &infrav1.VMNetworkConfig{IPPoolRefs: []string{"a", "b"}}
	config.PoolRefs()[0] = "changed"
	assert.Equal(t, []string{"a", "b"}, config.IPPoolRefs)
}

func TestEndpointMeansWhatClusterAPIsMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		endpoint := infrav1.APIEndpoint{
			Host: rapid.SampledFrom([]string{"", "0.0.0.0", "cluster.example", "172.16.0.9"}).Draw(t, "host"),
			Port: rapid.Int32Range(0, 65535).Draw(t, "port"),
		}
		theirs := clusterv1.APIEndpoint(endpoint)
		assert.Equal(t, theirs.IsZero(), endpoint.IsZero())
		assert.Equal(t, theirs.IsValid(), endpoint.IsValid())
	})
}

// An endpoint that is not known yet must not be written as an empty object: some stored schemas refuse that.
func TestUnknownEndpointIsNotWritten(t *testing.T) {
	written, err := json.Marshal(infrav1.HarvesterClusterSpec{})
	require.NoError(t, err)
	assert.NotContains(t, string(written), "controlPlaneEndpoint")

	var read infrav1.HarvesterClusterSpec
	require.NoError(t, json.Unmarshal([]byte(`{"controlPlaneEndpoint":{"host":"","port":0}}`), &read))
	assert.True(t, read.ControlPlaneEndpoint.IsZero())
}

func TestProvisionedIsFalseUntilSaid(t *testing.T) {
	yes, no := true, false
	assert.False(t, (*infrav1.Initialization)(nil).IsProvisioned())
	assert.False(t, (&infrav1.Initialization{}).IsProvisioned())
	assert.False(t, (&infrav1.Initialization{Provisioned: &no}).IsProvisioned())
	assert.True(t, (&infrav1.Initialization{Provisioned: &yes}).IsProvisioned())
}
