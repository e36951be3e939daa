package manifest

import (
	"bytes"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

// guide is the operations guide's example.
func guide() settings.Settings {
	s := settings.Defaults()
	s.Name, s.Namespace, s.Image = "production-cluster", "prod-ns", "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"
	s.SSHKeyPair, s.Networks = "default/capi-ssh-key", []string{"default/production"}
	s.IPPool, s.Gateway, s.SubnetMask, s.DNS = "prod-ip-pool", "172.16.0.1", "255.255.0.0", []string{"172.16.0.1"}
	return s.Complete()
}

func cases() map[string]settings.Settings {
	pools := guide()
	pools.IPPool, pools.IPPoolRefs = "", []string{"pool-a", "pool-b", "pool-c"}
	dhcp := guide()
	dhcp.IPPool, dhcp.Gateway, dhcp.SubnetMask, dhcp.DNS = "", "", "", nil
	all := guide()
	all.Networks, all.LoadBalancerIPAM, all.LoadBalancerPool = []string{"vms/one", "vms/two"}, settings.IPAMPool, "vips"
	all.CNI, all.RancherAutoImport, all.TargetNamespace, all.SSHUser = settings.CNICilium, true, "tenant", "sles"
	all.PodCIDR, all.ServiceCIDR, all.KubernetesVersion = "10.100.0.0/16", "10.101.0.0/16", "v1.32.2+rke2r2"
	return map[string]settings.Settings{"guide": guide(), "pools": pools, "dhcp": dhcp, "all": all}
}

func build(t *testing.T, s settings.Settings) []*unstructured.Unstructured {
	t.Helper()
	objects, err := Build(s, kubeconfig)
	require.NoError(t, err)
	return objects
}

var kubeconfig = []byte("kubeconfig: of Harvester\n")

func TestGolden(t *testing.T) {
	for name, s := range cases() {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, settingsWithFile(s).Problems())
			var got bytes.Buffer
			require.NoError(t, Write(&got, build(t, s)))
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(path, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run the test with -update to write it")
			assert.Equal(t, string(want), got.String())
			var again bytes.Buffer
			require.NoError(t, Write(&again, build(t, s)))
			assert.Equal(t, got.String(), again.String(), "the same settings must give the same bytes")
		})
	}
}

func settingsWithFile(s settings.Settings) settings.Settings {
	s.HarvesterKubeconfig = "harvester.yaml"
	return s
}

func TestTheGuidesTenObjects(t *testing.T) {
	count := make(map[string]int)
	for _, object := range build(t, guide()) {
		count[object.GetKind()]++
	}
	assert.Equal(t, map[string]int{
		"Namespace": 1, "Secret": 1, "Cluster": 1, "ConfigMap": 3, "ClusterResourceSet": 3, "MachineHealthCheck": 1,
	}, count)
}

func TestIdentitySecretHoldsTheFileAsItIs(t *testing.T) {
	secret := build(t, guide())[1]
	encoded, _, err := unstructured.NestedString(secret.Object, "data", "kubeconfig")
	require.NoError(t, err)
	content, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	assert.Equal(t, kubeconfig, content)
	assert.Contains(t, secret.GetLabels(), "clusterctl.cluster.x-k8s.io/move")
}

func TestWriteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 {
		paths, err := WriteFiles(dir, build(t, guide()))
		require.NoError(t, err)
		require.Len(t, paths, 10)
		assert.Equal(t, filepath.Join(dir, "01-namespace-prod-ns.yaml"), paths[0])
		assert.IsIncreasing(t, paths)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 10, "nothing is left beside the files")
	secret, err := os.Stat(filepath.Join(dir, "02-secret-production-cluster-harvester-identity.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), secret.Mode().Perm())
	other, err := os.Stat(filepath.Join(dir, "03-cluster-production-cluster.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), other.Mode().Perm())
}

func TestWriteFilesNeedsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := WriteFiles(file, build(t, guide()))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "kubeconfig: of Harvester")
}
