package clusterclass

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

func TestCopyIsTheOneThatShips(t *testing.T) {
	original, err := os.ReadFile("../../../templates/clusterclass/clusterclass-harvester-rke2.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(original), string(manifest), "run: go generate ./internal/clusterclass")
}

// The class for RKE2's providers v0.21 is the same but for their version.
func TestTheOlderClassIsTheSame(t *testing.T) {
	text, err := os.ReadFile("../../../templates/clusterclass/rke2-v0.21/clusterclass-harvester-rke2.yaml")
	require.NoError(t, err)
	older, err := read(text, "ns", Versions{})
	require.NoError(t, err)
	want, err := Objects("ns", Versions{RKE2: "v1beta1"})
	require.NoError(t, err)
	assert.Equal(t, want, older, "run: go generate ./internal/clusterclass")
}

func TestObjects(t *testing.T) {
	objects, err := Objects("prod-ns", Versions{})
	require.NoError(t, err)
	require.NotEmpty(t, objects)
	classes := 0
	for i, object := range objects {
		assert.Equal(t, "prod-ns", object.GetNamespace())
		if object.GetKind() == "ClusterClass" {
			classes++
			assert.Equal(t, "harvester-rke2", object.GetName())
			assert.Equal(t, len(objects)-1, i, "the class comes after its templates")
		}
	}
	assert.Equal(t, 1, classes)
}

// Cluster API's own types say what v1beta2 looks like: nothing of the class is unknown to them.
func TestVersions(t *testing.T) {
	objects, err := Objects("ns", Versions{ClusterAPI: "v1beta2"})
	require.NoError(t, err)
	versions := make(map[string]string)
	for _, object := range objects {
		versions[object.GetKind()] = object.GetAPIVersion()
	}
	assert.Equal(t, map[string]string{
		"ClusterClass":             "cluster.x-k8s.io/v1beta2",
		"RKE2ControlPlaneTemplate": "controlplane.cluster.x-k8s.io/v1beta2",
		"RKE2ConfigTemplate":       "bootstrap.cluster.x-k8s.io/v1beta2",
		"HarvesterClusterTemplate": "infrastructure.cluster.x-k8s.io/v1beta1",
		"HarvesterMachineTemplate": "infrastructure.cluster.x-k8s.io/v1beta1",
	}, versions)
	encoded, err := json.Marshal(objects[len(objects)-1].Object)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	class := &clusterv1.ClusterClass{}
	require.NoError(t, decoder.Decode(class))
	assert.Equal(t, "controlplane.cluster.x-k8s.io/v1beta2", class.Spec.ControlPlane.TemplateRef.APIVersion)
	assert.Equal(t, "HarvesterMachineTemplate", class.Spec.ControlPlane.MachineInfrastructure.TemplateRef.Kind)
	require.Len(t, class.Spec.Workers.MachineDeployments, 1)
	assert.Equal(t, "bootstrap.cluster.x-k8s.io/v1beta2", class.Spec.Workers.MachineDeployments[0].Bootstrap.TemplateRef.APIVersion)
	assert.NotEmpty(t, class.Spec.Patches)
	for _, patch := range class.Spec.Patches {
		for _, definition := range patch.Definitions {
			if definition.Selector.Kind == "RKE2ConfigTemplate" {
				assert.Equal(t, "bootstrap.cluster.x-k8s.io/v1beta2", definition.Selector.APIVersion)
			}
		}
	}
}
