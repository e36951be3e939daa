package installation

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// variables of the templates that have no default.
var variables = map[string]string{
	"NAMESPACE": "demo", "SSH_KEYPAIR": "default/key", "VM_NETWORK": "default/production", "VM_IMAGE_NAME": "default/image",
	"VM_IP_POOL": "prod-ip-pool", "VM_IP_POOLS": "first-pool, second-pool", "REGISTRY": "registry.example.org:5000", "REGISTRY_SECRET": "registry", "REGISTRY_TLS_SECRET": "registry-tls", "GATEWAY": "192.0.2.1", "SUBNET_MASK": "255.255.255.0", "DNS_SERVER": "192.0.2.1",
}

// TestClusterctlGeneratesEachFlavor: each template that a release has is found by its flavor, lists its variables, and gives
// complete manifests. Where the ClusterClass is missing, clusterctl adds it from the release.
func TestClusterctlGeneratesEachFlavor(t *testing.T) {
	s, r := startServer(t), newRepository(t, "harvester")
	s.initCluster(r, "harvester")
	// clusterctl looks up the kinds of a class that it adds.
	s.define(kind("controlplane.cluster.x-k8s.io", "v1beta2", "RKE2ControlPlaneTemplate"), kind("bootstrap.cluster.x-k8s.io", "v1beta2", "RKE2ConfigTemplate"))
	templates, err := filepath.Glob(filepath.Join(newer.dir, "cluster-template*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(templates), 6)
	for _, template := range templates {
		flavor := strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(template), "cluster-template"), ".yaml"), "-")
		t.Run("flavor "+flavor, func(t *testing.T) {
			s := s.in(t)
			arguments := []string{"generate", "cluster", "demo", "--infrastructure=harvester", "--flavor=" + flavor}
			listed := s.clusterctl(r, append(arguments, "--list-variables")...)
			assert.Contains(t, listed, "SSH_KEYPAIR")
			for variable, value := range variables {
				t.Setenv(variable, value)
			}
			file := filepath.Join(t.TempDir(), "cluster.yaml")
			s.clusterctl(r, append(arguments, "--kubernetes-version=v1.33.4+rke2r1", "--target-namespace=demo", "--write-to="+file)...)
			generated := byName(readObjects(t, file))
			for key, object := range generated {
				text, err := object.MarshalJSON()
				require.NoError(t, err)
				assert.NotContains(t, string(text), "${", key)
			}
			require.Contains(t, generated, "demo/Cluster demo")
			if flavor == "manual" {
				assert.Contains(t, generated, "demo/HarvesterCluster demo")
				return
			}
			assert.Contains(t, generated, "caphv-system/ClusterClass harvester-rke2")
		})
	}
}
