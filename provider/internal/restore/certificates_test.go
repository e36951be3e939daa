package restore

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clusterOf is a Cluster with a control plane of a kind, and one machine of it.
func clusterOf(kind, more string) string {
	return fmt.Sprintf(`apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {namespace: ns, name: c, uid: cluster-uid}
spec:
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: %[1]s, name: c-cp}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: %[1]s
metadata: {namespace: ns, name: c-cp, uid: cp-uid%[2]s}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata:
  namespace: ns
  name: c-cp-0
  uid: machine-uid
  labels: {cluster.x-k8s.io/cluster-name: c, cluster.x-k8s.io/control-plane: ""}
`, kind, more)
}

func secret(name string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {namespace: ns, name: %[1]s, uid: %[1]s-uid}\n", name)
}

// A dump without the certificates was called complete; the control-plane provider then made new ones.
func TestADumpWithoutTheWorkloadClustersCertificatesIsNotComplete(t *testing.T) {
	const workersOnly = `apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {namespace: ns, name: c, uid: cluster-uid}
spec: {}
`
	for name, test := range map[string]struct {
		dump    string
		missing []string
	}{
		"RKE2":                   {clusterOf("RKE2ControlPlane", ""), []string{"c-ca", "c-cca", "c-etcd", "c-peer-etcd", "c-token"}},
		"RKE2, some are there":   {clusterOf("RKE2ControlPlane", "") + secret("c-ca") + secret("c-token") + secret("c-etcd"), []string{"c-cca", "c-peer-etcd"}},
		"RKE2 of an old release": {clusterOf("RKE2ControlPlane", `, annotations: {controlplane.cluster.x-k8s.io/legacy: ""}`), []string{"c-ca", "c-cca", "c-token"}},
		"kubeadm":                {clusterOf("KubeadmControlPlane", ""), []string{"c-ca", "c-etcd", "c-proxy", "c-sa"}},
		"another control plane":  {clusterOf("OtherControlPlane", ""), []string{"c-kubeconfig"}},
		"workers only":           {workersOnly + "status: {initialization: {controlPlaneInitialized: true}}\n", []string{"c-kubeconfig"}},
		"as v1beta1 says it":     {workersOnly + "status: {controlPlaneReady: true}\n", []string{"c-kubeconfig"}},
		"not begun":              {workersOnly, nil},
		"complete":               {clusterOf("KubeadmControlPlane", "") + secret("c-ca") + secret("c-etcd") + secret("c-proxy") + secret("c-sa"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			prepared, err := Prepare(parse(t, test.dump))
			require.NoError(t, err)
			var want []string
			for _, name := range test.missing {
				want = append(want, "Secret ns/"+name+", which Cluster ns/c refers to")
			}
			assert.Equal(t, want, prepared.Missing)
		})
	}
}

// A machine of another cluster, or of another namespace, begins no control plane here.
func TestCertificatesAreThoseOfTheClustersOwnControlPlane(t *testing.T) {
	const others = `apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {namespace: ns, name: c, uid: cluster-uid}
spec: {}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata: {namespace: other, name: a, uid: a, labels: {cluster.x-k8s.io/cluster-name: c, cluster.x-k8s.io/control-plane: ""}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata: {namespace: ns, name: b, uid: b, labels: {cluster.x-k8s.io/cluster-name: d, cluster.x-k8s.io/control-plane: ""}}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata: {namespace: ns, name: w, uid: w, labels: {cluster.x-k8s.io/cluster-name: c}}
`
	prepared, err := Prepare(parse(t, others))
	require.NoError(t, err)
	assert.Empty(t, prepared.Missing)
}

// A pool's identity leads to Harvester as a cluster's does.
func TestADumpWithoutAPoolsIdentityIsNotComplete(t *testing.T) {
	const pool = `apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterIPPool
metadata: {namespace: ns, name: p, uid: pool-uid}
spec:
  identitySecret: {namespace: %s, name: harvester}
  ipPoolRefs: [prod]
`
	for namespace, want := range map[string]string{"ids": "ids", `""`: "ns"} {
		prepared, err := Prepare(parse(t, fmt.Sprintf(pool, namespace)))
		require.NoError(t, err)
		assert.Equal(t, []string{"Secret " + want + "/harvester, which HarvesterIPPool ns/p refers to"}, prepared.Missing)
	}
	prepared, err := Prepare(parse(t, fmt.Sprintf(pool, "ns")+secret("harvester")))
	require.NoError(t, err)
	assert.Empty(t, prepared.Missing)
}
