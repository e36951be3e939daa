package clusterclass

import (
	"encoding/json"
	"maps"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/core/webhooks/admission"
)

func webhook() *admission.Cluster {
	return &admission.Cluster{Client: cluster.Client, ClusterCacheReader: clustercache.NewFakeEmptyClusterCache()}
}

func TestClusterAPIAcceptsTheClass(t *testing.T) {
	_, err := (&admission.ClusterClass{Client: cluster.Client}).ValidateCreate(t.Context(), class)
	require.NoError(t, err)
}

// Clusters in the field set these variables; none may be renamed.
func TestVariablesAreThoseOfTheField(t *testing.T) {
	var names []string
	for _, variable := range class.Spec.Variables {
		names = append(names, variable.Name)
	}
	for _, name := range []string{
		"vmNetworks", "volumes", "cpuCount", "memorySize", "sshUser", "sshKeyPair", "identitySecretName", "targetNamespace", "gateway",
		"subnetMask", "ipPoolRef", "ipPoolRefs", "dnsServers", "cni", "cisProfile", "fipsRequired",
	} {
		assert.Contains(t, names, name)
	}
	assert.Equal(t, "harvester-rke2", class.Name)
	assert.Equal(t, "default-worker", class.Spec.Workers.MachineDeployments[0].Class)
}

func TestWrongVariablesAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		variable string
		value    any // nil: left out
		message  string
	}{
		"no key pair":             {"sshKeyPair", nil, `Required value: required variable`},
		"no networks":             {"vmNetworks", []any{}, "at least 1"},
		"no volumes":              {"volumes", []any{}, "at least 1"},
		"volume type":             {"volumes", []any{map[string]any{"volumeType": "iso"}}, `supported values: "image", "storageClass"`},
		"cpu 0":                   {"cpuCount", 0, "greater than or equal to 1"},
		"cpu is a string":         {"cpuCount", "4", "must be of type integer"},
		"memory is no quantity":   {"memorySize", "much", "should match"},
		"cni":                     {"cni", "flannel", "Unsupported value"},
		"load balancer's address": {"lbIPAMType", "static", "Unsupported value"},
		"unknown variable":        {"vmNetwork", "default/production", "not defined"},
		"identity":                {"identitySecretName", "", "at least 1"},
		"mirror without a scheme": {"registryMirrors", []any{map[string]any{"registry": "docker.io", "endpoints": []any{"mirror"}}}, "should match"},
		"mirror of nothing":       {"registryMirrors", []any{map[string]any{"endpoints": []any{"https://mirror"}}}, "registry: Required value"},
		"addressing":              {"networkInterfaces", []any{map[string]any{"index": 1, "addressing": "static6"}}, "Unsupported value"},
		"interface of no network": {"networkInterfaces", []any{map[string]any{"addressing": "dhcp"}}, "index: Required value"},
		"quirk":                   {"guest", map[string]any{"quirks": []any{"suse"}}, "Unsupported value"},
		"network data":            {"guest", map[string]any{"networkDataVersion": "v3"}, "Unsupported value"},
		"firmware":                {"firmware", "efi", "must be of type object"},
	} {
		t.Run(name, func(t *testing.T) {
			variables := required()
			if test.value == nil {
				delete(variables, test.variable)
			} else {
				variables[test.variable] = test.value
			}
			err := webhook().Default(t.Context(), newCluster(t, variables))
			require.ErrorContains(t, err, test.variable)
			require.ErrorContains(t, err, test.message)
		})
	}
}

// A Cluster of v0.2.7 to v0.10.1 relies on these defaults: another one would roll its machines.
func TestDefaultsAreThoseOfTheField(t *testing.T) {
	object := newCluster(t, cases["fewest"])
	require.NoError(t, webhook().Default(t.Context(), object))
	values := map[string]string{}
	for _, variable := range object.Spec.Topology.Variables {
		values[variable.Name] = string(variable.Value.Raw)
	}
	for name, want := range map[string]string{
		"identitySecretName": `"hv-identity-secret"`, "cpuCount": `2`, "memorySize": `"4Gi"`, "sshUser": `"sles"`,
		"volumes": `[{"imageName": "default/sles15", "volumeSize": "40Gi", "volumeType": "image"}]`,
	} {
		assert.JSONEq(t, want, values[name], name)
	}
}

// What is written into a Cluster holds, whatever the class has for a default by now.
func TestAClusterKeepsWhatItSays(t *testing.T) {
	stored := with(map[string]any{"cpuCount": 4, "memorySize": "8Gi", "sshUser": "rancher"})
	object := newCluster(t, stored)
	require.NoError(t, webhook().Default(t.Context(), object))
	for _, variable := range object.Spec.Topology.Variables {
		if want, has := stored[variable.Name]; has {
			text, err := json.Marshal(want)
			require.NoError(t, err)
			assert.JSONEq(t, string(text), string(variable.Value.Raw), variable.Name)
		}
	}
}

// required are the variables that have no default, and a name for the identity Secret.
func required() map[string]any {
	return map[string]any{
		"identitySecretName": "harvester",
		"sshKeyPair":         "default/capi-ssh-key",
		"vmNetworks":         []any{"default/production"},
		"volumes": []any{map[string]any{
			"volumeType": "image", "imageName": "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2", "volumeSize": "80Gi", "bootOrder": 1,
		}},
	}
}

// with returns the required variables with others on top.
func with(others map[string]any) map[string]any {
	variables := required()
	maps.Copy(variables, others)
	return variables
}

// newCluster returns a Cluster of three control-plane machines and two workers.
func newCluster(t *testing.T, variables map[string]any) *clusterv1.Cluster {
	t.Helper()
	three, two := int32(3), int32(2)
	object := &clusterv1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Name: "prod", Namespace: "default", UID: "0f7c3f0e-8d1c-4f59-9a4e-2f6b8e5f1c11"},
		Spec: clusterv1.ClusterSpec{Topology: clusterv1.Topology{
			ClassRef:     clusterv1.ClusterClassRef{Name: "harvester-rke2"},
			Version:      "v1.31.14+rke2r1",
			ControlPlane: clusterv1.ControlPlaneTopology{Replicas: &three},
			Workers: clusterv1.WorkersTopology{MachineDeployments: []clusterv1.MachineDeploymentTopology{
				{Class: "default-worker", Name: "md-0", Replicas: &two},
			}},
		}},
	}
	object.Spec.Topology.Variables = variableList(t, variables)
	return object
}

// variableList are variables by name, as a Cluster has them.
func variableList(t *testing.T, variables map[string]any) []clusterv1.ClusterVariable {
	t.Helper()
	var list []clusterv1.ClusterVariable
	for name, value := range variables {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		list = append(list, clusterv1.ClusterVariable{Name: name, Value: apiextensionsv1.JSON{Raw: text}})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}
