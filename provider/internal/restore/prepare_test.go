package restore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// dump is a small cluster as kubectl prints it: a List, and a Secret of its own.
const dump = `apiVersion: v1
kind: List
items:
- apiVersion: cluster.x-k8s.io/v1beta2
  kind: Cluster
  metadata: {namespace: ns, name: c, uid: cluster-uid, resourceVersion: "7"}
  spec:
    infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: HarvesterCluster, name: c}
- apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
  kind: HarvesterCluster
  metadata:
    namespace: ns
    name: c
    uid: infra-uid
    ownerReferences:
    - {apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, name: c, uid: cluster-uid}
  spec:
    identitySecret: {namespace: ns, name: harvester}
- apiVersion: cluster.x-k8s.io/v1beta2
  kind: Machine
  metadata:
    namespace: ns
    name: m
    uid: machine-uid
    ownerReferences:
    - {apiVersion: cluster.x-k8s.io/v1beta2, kind: MachineSet, name: ms, uid: lost-uid}
  spec:
    bootstrap: {dataSecretName: m-bootstrap}
    infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: HarvesterMachine, name: m}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: ns, name: d, uid: deployment-uid}
---
apiVersion: v1
kind: Secret
metadata: {namespace: ns, name: harvester, uid: secret-uid}
data: {kubeconfig: czNjcjN0}
`

func parse(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := Parse(strings.NewReader(text))
	require.NoError(t, err)
	return objects
}

func TestPrepare(t *testing.T) {
	prepared, err := Prepare(parse(t, dump))
	require.NoError(t, err)
	var names []string
	for _, object := range prepared.Objects {
		names = append(names, describe(object))
	}
	assert.Equal(t, []string{"Cluster ns/c", "HarvesterCluster ns/c", "Machine ns/m", "Secret ns/harvester"}, names)
	paused, _, err := unstructured.NestedBool(prepared.Objects[0].Object, "spec", "paused")
	require.NoError(t, err)
	assert.True(t, paused, "nobody may act before all is there")
	assert.Len(t, prepared.Objects[1].GetOwnerReferences(), 1)
	assert.Empty(t, prepared.Objects[2].GetOwnerReferences(), "a reference to nothing would be refused")
	assert.Equal(t, []string{
		"HarvesterMachine ns/m, which Machine ns/m refers to",
		"Secret ns/m-bootstrap, which Machine ns/m refers to",
	}, prepared.Missing)
	assert.Equal(t, []string{
		"Deployment ns/d is passed over: clusterctl restores only objects of Cluster API, Secrets and ConfigMaps",
		"Machine ns/m loses its owner MachineSet ms, which is not in the dump",
	}, prepared.Notes)
}

func TestPrepareLeavesTheDumpAlone(t *testing.T) {
	objects, untouched := parse(t, dump), parse(t, dump)
	_, err := Prepare(objects)
	require.NoError(t, err)
	assert.Equal(t, untouched, objects)
}

func TestPrepareTakesEachObjectOnce(t *testing.T) {
	prepared, err := Prepare(parse(t, dump+"---\n"+dump))
	require.NoError(t, err)
	assert.Len(t, prepared.Objects, 4)
}

func TestPrepareRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"an object without UID": {"apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {namespace: ns, name: c}\n", "Cluster ns/c: not a dump: it has no metadata.uid"},
		"nothing of use":        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, uid: u}\n", "there is no object of Cluster API in it"},
		"nothing":               {"", "there is no object of Cluster API in it"},
		"a spec that is none":   {"apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata: {name: c, uid: u}\nspec: 5\n", "its spec is no object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Prepare(parse(t, test.text))
			require.ErrorIs(t, err, ErrDump)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseRefusesWithoutQuoting(t *testing.T) {
	for name, text := range map[string]string{
		"no YAML":           "apiVersion: v1\nkind: Secret\ndata: {kubeconfig: s3cr3t\n",
		"a list at the top": "- s3cr3t\n",
		"no kind":           "apiVersion: v1\ndata: {kubeconfig: s3cr3t}\n",
		"items of no list":  "apiVersion: v1\nkind: List\nitems: s3cr3t\n",
		"an item of no use": "apiVersion: v1\nkind: List\nitems: [s3cr3t]\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(text))
			require.ErrorIs(t, err, ErrDump)
			assert.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(dump)
	f.Add("kind: List\napiVersion: v1\nitems: [{}]\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		objects, err := Parse(strings.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, ErrDump)
			return
		}
		prepared, err := Prepare(objects)
		if err != nil {
			require.ErrorIs(t, err, ErrDump)
			return
		}
		require.NotEmpty(t, prepared.Objects)
	})
}

func TestWriteIsWholeOrNotAtAll(t *testing.T) {
	prepared, err := Prepare(parse(t, dump))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "new", "restore")
	require.NoError(t, Write(dir, prepared.Objects))
	read, err := Read(dir)
	require.NoError(t, err)
	assert.ElementsMatch(t, prepared.Objects, read)
	info, err := os.Stat(filepath.Join(dir, "Secret__ns_harvester.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "dumps hold Secrets")

	require.ErrorIs(t, Write(dir, prepared.Objects), ErrNotEmpty)
	long := prepared.Objects[0].DeepCopy()
	long.SetName(strings.Repeat("x", 300))
	parent := t.TempDir()
	require.Error(t, Write(filepath.Join(parent, "restore"), append(prepared.Objects, long)))
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing half-made stays")
}
