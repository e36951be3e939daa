package validation

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestSmoke(t *testing.T) {
	e, err := NewEngine()
	require.NoError(t, err)
	var o map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(`
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterMachine
spec:
  volumes: [{volumeType: image},{volumeType: foo, volumeSize: -3}]
  memory: xx
  cpu: "3"
  networks: [a/b/c]
  networkConfig: {address: 10.0.0.1/24, gateway: 10.1.0.1}
`), &o))
	for _, f := range e.Validate(o, nil, Options{}) {
		t.Log(f)
	}
}
