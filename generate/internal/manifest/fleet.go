package manifest

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// fleetVersion is the API of Rancher's Fleet.
const fleetVersion = "fleet.cattle.io/v1alpha1"

// GitRepoKind is Fleet's kind of a repository. A management cluster without Fleet does not have it.
const GitRepoKind = "GitRepo"

// gitRepo has Fleet install what is in the user's repository. Fleet knows the cluster by an object of its own in the same
// namespace, which Cluster API's addon provider for Fleet makes with the labels of the Cluster.
func gitRepo(s settings.Settings) *unstructured.Unstructured {
	spec := map[string]any{
		"repo":   s.FleetAddonRepo,
		"branch": s.FleetAddonBranch,
		"targets": []any{map[string]any{
			"name":            s.Name,
			"clusterSelector": map[string]any{"matchLabels": map[string]any{clusterNameLabel: s.Name}},
		}},
	}
	if len(s.FleetAddonPaths) > 0 {
		spec["paths"] = list(s.FleetAddonPaths)
	}
	return with(object(fleetVersion, GitRepoKind, s.Name+"-addons", s), "spec", spec)
}

// credentials is where CAPHV puts the credentials of the cloud provider and the CSI driver, which no repository may hold.
func credentials(s settings.Settings) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: object("v1", "ConfigMap", cloudProvider(s).name(s), s)}
}

// credentialsSet brings them into the workload cluster.
func credentialsSet(s settings.Settings) *unstructured.Unstructured {
	return cloudProvider(s).resourceSet(s)
}
