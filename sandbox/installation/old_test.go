package installation

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// oldRelease is a release as far as installers see it: CRDs that know v1alpha1 alone, no conversion, a Deployment that
// selects its Pods in another way.
type oldRelease struct {
	version  string
	selector map[string]any
	// kinds that it has CRDs of.
	kinds []string
}

var (
	v027 = oldRelease{
		version: "v0.2.7", selector: map[string]any{"control-plane": "controller-manager"},
		kinds: []string{"harvesterclusters", "harvestermachines", "harvesterclustertemplates", "harvestermachinetemplates"},
	}
	v0101 = oldRelease{
		version: "v0.10.1", selector: map[string]any{"control-plane": "caphv-controller-manager"},
		kinds: []string{"harvesterclusters", "harvestermachines", "harvesterclustertemplates", "harvestermachinetemplates"},
	}
)

// write writes the release's components into a directory and returns the file.
func (o oldRelease) write(t *testing.T, dir string) string {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, object := range newer.objects(t) {
		switch object.GetKind() {
		case "ValidatingWebhookConfiguration":
			continue
		case "CustomResourceDefinition":
			if !slices.ContainsFunc(o.kinds, func(kind string) bool { return object.GetName() == kind+"."+ours }) {
				continue
			}
			ageCRD(t, object)
		case "Deployment":
			o.ageDeployment(t, object)
		}
		objects = append(objects, object)
	}
	file := filepath.Join(dir, "infrastructure-components.yaml")
	writeObjects(t, file, objects)
	return file
}

// ageCRD leaves v1alpha1 alone, which is stored, and the label by which Cluster API knew that.
func ageCRD(t *testing.T, crd *unstructured.Unstructured) {
	t.Helper()
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	require.NoError(t, err)
	versions = slices.DeleteFunc(versions, func(version any) bool { return version.(map[string]any)["name"] != "v1alpha1" })
	require.Len(t, versions, 1)
	version := versions[0].(map[string]any)
	version["storage"] = true
	delete(version, "deprecated")
	delete(version, "deprecationWarning")
	require.NoError(t, unstructured.SetNestedSlice(crd.Object, versions, "spec", "versions"))
	unstructured.RemoveNestedField(crd.Object, "spec", "conversion")
	labels := crd.GetLabels()
	delete(labels, "cluster.x-k8s.io/v1beta2")
	labels["cluster.x-k8s.io/v1beta1"] = "v1alpha1"
	crd.SetLabels(labels)
}

func (o oldRelease) ageDeployment(t *testing.T, deployment *unstructured.Unstructured) {
	t.Helper()
	for _, fields := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		require.NoError(t, unstructured.SetNestedMap(deployment.Object, o.selector, fields...))
	}
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	containers[0].(map[string]any)["image"] = "ghcr.io/rancher-sandbox/cluster-api-provider-harvester:" + o.version
	require.NoError(t, unstructured.SetNestedSlice(deployment.Object, containers, "spec", "template", "spec", "containers"))
}

// machines are what a cluster of the old release has in the management cluster.
const machines = `
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: HarvesterCluster
metadata: {name: veteran, namespace: default}
spec:
  identitySecret: {namespace: default, name: identity}
  targetNamespace: default
  loadBalancerConfig: {ipamType: dhcp}
  controlPlaneEndpoint: {host: 192.0.2.10, port: 6443}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: HarvesterMachine
metadata: {name: veteran-0, namespace: default}
spec:
  providerID: harvester://6d4f5c1e-0000-4000-8000-000000000000
  cpu: 2
  memory: 4Gi
  sshUser: rancher
  sshKeyPair: default/key
  volumes: [{volumeType: image, imageName: default/image, volumeSize: 40Gi, bootOrder: 1}]
  networks: [default/production]
`

// makeMachines stores them in v1alpha1. They are read in v1alpha1, too: nothing converts here.
func (s *server) makeMachines() []*unstructured.Unstructured {
	s.t.Helper()
	var made []*unstructured.Unstructured
	for _, object := range parseObjects(s.t, []byte(machines)) {
		s.eventually(func() bool { return s.client.Create(s.t.Context(), object) == nil }, object.GetKind()+" is served")
		made = append(made, object)
	}
	return made
}

// removeMachines deletes them. After an upgrade the API server asks the manager to convert what is stored in v1alpha1, even
// to delete it; as no manager runs here, conversion is switched off first.
func (s *server) removeMachines(made []*unstructured.Unstructured) {
	s.t.Helper()
	for _, kind := range []string{"harvesterclusters", "harvestermachines"} {
		s.kubectl("patch", "crd", kind+"."+ours, "--type=merge", `--patch={"spec": {"conversion": {"strategy": "None", "webhook": null}}}`)
	}
	for _, object := range made {
		s.eventually(func() bool {
			return s.client.Delete(s.t.Context(), object) == nil || s.get(object) == nil
		}, name(object)+" is deleted")
	}
}
