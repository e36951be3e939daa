package progress

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func cluster(up bool) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "prod"},
		"spec": map[string]any{"topology": map[string]any{
			"version":      "v1.31.14+rke2r1",
			"controlPlane": map[string]any{"replicas": int64(1)},
			"workers":      map[string]any{"machineDeployments": []any{map[string]any{"replicas": int64(1)}}},
		}},
		"status": map[string]any{"phase": "Provisioned", "infrastructureReady": up, "controlPlaneReady": up},
	}}
}

func machine(name, phase, version string) *unstructured.Unstructured {
	object := map[string]any{
		"metadata": map[string]any{"name": name},
		"spec":     map[string]any{"version": version},
		"status":   map[string]any{"phase": phase},
	}
	if phase == "Running" {
		object["status"].(map[string]any)["nodeRef"] = map[string]any{"name": name}
	} else {
		object["status"].(map[string]any)["conditions"] = []any{
			map[string]any{"type": "Ready", "status": "False", "reason": "PoolExhausted", "message": "pool-a has no free address"},
		}
	}
	return &unstructured.Unstructured{Object: object}
}

func TestUp(t *testing.T) {
	const version = "v1.31.14+rke2r1"
	for name, test := range map[string]struct {
		cluster  *unstructured.Unstructured
		machines []*unstructured.Unstructured
		want     []string
	}{
		"up":         {cluster(true), []*unstructured.Unstructured{machine("a", "Running", version), machine("b", "Running", version)}, nil},
		"no Cluster": {nil, nil, []string{"the Cluster does not exist"}},
		"nothing yet": {cluster(false), nil, []string{
			"the infrastructure (load balancer, target namespace) is not ready", "the control plane is not ready", "0 of 2 machines run",
		}},
		"a machine waits": {cluster(true), []*unstructured.Unstructured{machine("b", "Provisioning", version), machine("a", "Running", version)}, []string{
			"Machine b is Provisioning: PoolExhausted: pool-a has no free address", "1 of 2 machines run",
		}},
		"an old version": {cluster(true), []*unstructured.Unstructured{machine("a", "Running", "v1.30.0+rke2r1"), machine("b", "Running", version)}, []string{
			"Machine a has version v1.30.0+rke2r1, not v1.31.14+rke2r1", "1 of 2 machines run",
		}},
		"one too many": {
			cluster(true), []*unstructured.Unstructured{machine("a", "Running", version), machine("b", "Running", version), machine("c", "Running", version)},
			[]string{"3 of 2 machines run"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, Up(test.cluster, test.machines).Missing)
		})
	}
}

func TestUpInV1beta2(t *testing.T) {
	c := cluster(false)
	c.Object["status"].(map[string]any)["initialization"] = map[string]any{"infrastructureProvisioned": true, "controlPlaneInitialized": true}
	const version = "v1.31.14+rke2r1"
	assert.Empty(t, Up(c, []*unstructured.Unstructured{machine("a", "Running", version), machine("b", "Running", version)}).Missing)
}

func TestGone(t *testing.T) {
	assert.Empty(t, Gone(nil, nil).Missing)
	left := Gone(cluster(true), []*unstructured.Unstructured{machine("a", "Deleting", "")})
	assert.Equal(t, []string{"Cluster prod is still there", "Machine a is still there"}, left.Missing)
}
