package clusterclass

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/exp/topology/desiredstate"
	"sigs.k8s.io/cluster-api/exp/topology/scope"
	"sigs.k8s.io/cluster-api/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cases are Clusters by their variables; what Cluster API makes of each is in testdata/<name>.golden.yaml.
var cases = map[string]map[string]any{
	"defaults": required(),
	// What a Cluster of v0.2.7 to v0.10.1 may leave out.
	"fewest": {
		"sshKeyPair": "default/capi-ssh-key", "vmNetworks": []any{"default/production"},
		"volumes": []any{map[string]any{"imageName": "default/sles15"}},
	},
	"one-pool": with(map[string]any{
		"ipPoolRef": "prod-ip-pool", "gateway": "172.16.0.1", "subnetMask": "255.255.0.0", "dnsServers": []any{"172.16.0.1", "2001:db8::53"},
		"targetNamespace": "prod-vms", "cpuCount": 8, "memorySize": "16Gi", "sshUser": "sles",
	}),
	"pools-and-hardened": with(map[string]any{
		"ipPoolRefs": []any{"rack-a", "rack-b"}, "gateway": "172.16.0.1", "subnetMask": "255.255.0.0",
		"lbIPAMType": "pool", "lbIPPoolRef": "vips", "cni": "cilium", "cisProfile": "cis", "fipsRequired": true,
	}),
	"air-gapped": with(map[string]any{
		"systemDefaultRegistry": "registry.example:5000", "airGapped": true,
		"registryMirrors": []any{
			map[string]any{"registry": "docker.io", "endpoints": []any{"https://registry.example:5000", "https://second.example"}},
			map[string]any{"registry": "*", "endpoints": []any{"https://registry.example:5000"}},
		},
		"privateRegistry": map[string]any{"host": "registry.example:5000", "credentialsSecretName": "registry-login", "tlsSecretName": "registry-ca"},
		"firmware":        map[string]any{"efi": true, "secureBoot": true}, "tpm": map[string]any{"enabled": true, "persistent": true},
	}),
	"interfaces-and-guest": with(map[string]any{
		"vmNetworks": []any{"default/production", "default/storage", "default/backup"},
		"ipPoolRef":  "prod-ip-pool", "gateway": "172.16.0.1", "subnetMask": "255.255.0.0",
		"networkInterfaces": []any{
			map[string]any{"index": 1, "addressing": "dhcp", "dhcpDNS": true, "optional": true},
			map[string]any{"index": 2, "ipPoolRefs": []any{"backup-a", "backup-b"}, "dnsServers": []any{"10.0.0.53"}},
		},
		"guest": map[string]any{"networkDataVersion": "v2", "quirks": []any{"suse-static-routes"}, "installAgent": false},
	}),
	"mirrored": with(map[string]any{
		"registryMirrors": []any{map[string]any{"registry": "docker.io", "endpoints": []any{"http://mirror.example"}}},
	}),
}

// TestObjectsOfATopology proves for each case that Cluster API takes the variables, that the objects it makes are the
// expected ones, that a real API server takes them, and that a machine made from the templates is complete.
func TestObjectsOfATopology(t *testing.T) {
	for name, variables := range cases {
		t.Run(name, func(t *testing.T) {
			objects := objectsFor(t, newCluster(t, variables))
			compareGolden(t, filepath.Join("testdata", name+".golden.yaml"), objects)
			for _, object := range objects {
				require.NoError(t, cluster.Client.Create(t.Context(), object.DeepCopy(), client.DryRunAll), "%s %s", object.GetKind(), object.GetName())
				if object.GetKind() == "HarvesterMachineTemplate" {
					machine := machineFrom(t, object)
					require.NoError(t, cluster.Client.Create(t.Context(), machine, client.DryRunAll), "a machine from %s", object.GetName())
				}
			}
		})
	}
}

// A Cluster with the label that its add-ons are selected by gets its cloud provider's credentials into their manifest.
func TestCloudProviderConfigFollowsTheLabel(t *testing.T) {
	for label, want := range map[string]map[string]any{
		"harvester": {
			"manifestsConfigMapNamespace": "default", "manifestsConfigMapName": "prod-ccm", "manifestsConfigMapKey": "cloud-config.yaml",
			"cloudConfigCredentialsSecretName": "harvester-cloud-config", "cloudConfigCredentialsSecretKey": "cloud-provider-config",
		},
		"another": nil,
	} {
		object := newCluster(t, required())
		object.Labels = map[string]string{"cloud-config": label}
		for _, made := range objectsFor(t, object) {
			if made.GetKind() == "HarvesterCluster" {
				got, _, err := unstructured.NestedMap(made.Object, "spec", "updateCloudProviderConfig")
				require.NoError(t, err)
				assert.Equal(t, want, got, label)
			}
		}
	}
}

// Variables can be overridden for the control plane alone.
func TestMachinesOfTheControlPlaneCanDiffer(t *testing.T) {
	object := newCluster(t, required())
	object.Spec.Topology.ControlPlane.Variables.Overrides = newCluster(t, map[string]any{"cpuCount": 16}).Spec.Topology.Variables
	var cores []int64
	for _, object := range objectsFor(t, object) {
		if object.GetKind() == "HarvesterMachineTemplate" {
			number, _, err := unstructured.NestedInt64(object.Object, "spec", "template", "spec", "cpu")
			require.NoError(t, err)
			cores = append(cores, number)
		}
	}
	assert.ElementsMatch(t, []int64{16, 2}, cores)
}

// Addresses can be overridden for one part of the topology too; the cluster's own stay as they are.
func TestAddressesOfAPartCanDiffer(t *testing.T) {
	own := map[string]any{"ipPoolRef": "rack-b", "gateway": "10.1.0.1", "subnetMask": "255.255.255.0", "dnsServers": []any{"10.1.0.53"}}
	object := newCluster(t, with(map[string]any{"ipPoolRef": "rack-a", "gateway": "172.16.0.1", "subnetMask": "255.255.0.0"}))
	object.Spec.Topology.Workers.MachineDeployments[0].Variables.Overrides = variableList(t, own)
	got := map[string]any{}
	for _, made := range objectsFor(t, object) {
		path := []string{"spec", "template", "spec", "vmNetworkConfig"}
		switch made.GetKind() {
		case "HarvesterCluster":
			path = []string{"spec", "vmNetworkConfig"}
		case "HarvesterMachineTemplate":
		default:
			continue
		}
		network, _, err := unstructured.NestedMap(made.Object, path...)
		require.NoError(t, err)
		got[made.GetKind()+" "+randomSuffix.ReplaceAllString(made.GetName(), "$1")] = network
	}
	common := map[string]any{"ipPoolRef": "rack-a", "gateway": "172.16.0.1", "subnetMask": "255.255.0.0"}
	assert.Equal(t, map[string]any{
		"HarvesterCluster prod": common, "HarvesterMachineTemplate prod": common, "HarvesterMachineTemplate prod-md-0": own,
	}, got)
}

// objectsFor returns what the topology controller would create for a Cluster, by way of Cluster API's webhook.
func objectsFor(t *testing.T, object *clusterv1.Cluster) []*unstructured.Unstructured {
	t.Helper()
	require.NoError(t, webhook().Default(t.Context(), object))
	_, err := webhook().ValidateCreate(t.Context(), object)
	require.NoError(t, err)

	generator, err := desiredstate.NewGenerator(cluster.Client, clustercache.NewFakeEmptyClusterCache(), nil,
		cache.New[cache.HookEntry](t.Context(), cache.HookCacheDefaultTTL), cache.New[desiredstate.GenerateUpgradePlanCacheEntry](t.Context(), cache.HookCacheDefaultTTL))
	require.NoError(t, err)
	input := scope.New(object)
	input.Current.ControlPlane = &scope.ControlPlaneState{}
	worker := class.Spec.Workers.MachineDeployments[0]
	input.Blueprint = &scope.ClusterBlueprint{
		Topology: object.Spec.Topology, ClusterClass: class,
		InfrastructureClusterTemplate: template(t, class.Spec.Infrastructure.TemplateRef),
		ControlPlane: &scope.ControlPlaneBlueprint{
			Template:                      template(t, class.Spec.ControlPlane.TemplateRef),
			InfrastructureMachineTemplate: template(t, class.Spec.ControlPlane.MachineInfrastructure.TemplateRef),
		},
		MachineDeployments: map[string]*scope.MachineDeploymentBlueprint{worker.Class: {
			BootstrapTemplate:             template(t, worker.Bootstrap.TemplateRef),
			InfrastructureMachineTemplate: template(t, worker.Infrastructure.TemplateRef),
		}},
	}
	desired, err := generator.Generate(t.Context(), input)
	require.NoError(t, err)
	machines := desired.MachineDeployments["md-0"]
	return []*unstructured.Unstructured{
		desired.InfrastructureCluster, desired.ControlPlane.Object, desired.ControlPlane.InfrastructureMachineTemplate,
		machines.BootstrapTemplate, machines.InfrastructureMachineTemplate,
	}
}

func template(t *testing.T, ref clusterv1.ClusterClassTemplateReference) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(ref.APIVersion)
	object.SetKind(ref.Kind)
	require.NoError(t, cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: class.Namespace, Name: ref.Name}, object))
	return object
}

// machineFrom makes a HarvesterMachine from a template, as Cluster API does for a Machine.
func machineFrom(t *testing.T, template *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	spec, found, err := unstructured.NestedMap(template.Object, "spec", "template", "spec")
	require.NoError(t, err)
	require.True(t, found)
	machine := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	machine.SetAPIVersion(template.GetAPIVersion())
	machine.SetKind(strings.TrimSuffix(template.GetKind(), "Template"))
	machine.SetNamespace(corev1.NamespaceDefault)
	machine.SetName("machine")
	return machine
}

// randomSuffix is what Cluster API appends to names.
var randomSuffix = regexp.MustCompile(`\b(prod(?:-md-0)?)-[bcdfghjklmnpqrstvwxz2456789]{5}\b`)

func compareGolden(t *testing.T, path string, objects []*unstructured.Unstructured) {
	t.Helper()
	var text strings.Builder
	for _, object := range objects {
		document, err := yaml.Marshal(map[string]any{
			"apiVersion": object.GetAPIVersion(), "kind": object.GetKind(), "name": object.GetName(), "spec": object.Object["spec"],
		})
		require.NoError(t, err)
		text.WriteString("---\n" + randomSuffix.ReplaceAllString(string(document), "$1-random"))
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text.String(), "look at the difference; if it is meant: go test ./clusterclass -update")
}
