// Package manifest builds the objects of a cluster from settings, and writes them as YAML. It is pure: the same settings
// give the same bytes.
package manifest

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Contents are those of the files that settings name.
type Contents struct {
	// Kubeconfig reaches Harvester.
	Kubeconfig []byte
	// CNIValues are Helm values for the pod network's chart, of the types of JSON; nil for none.
	CNIValues map[string]any
}

// Build returns the objects of a cluster in the order in which they must be applied: the namespace, the identity Secret,
// the Cluster, an addon's ConfigMap and ClusterResourceSet each for the cloud provider, the CSI driver and, with Calico
// as pod network or with settings for another one, the pod network, and the MachineHealthCheck. The settings must be
// complete and without problems.
//
// With a repository for Rancher's Fleet a GitRepo stands in the place of the addons, beside a ConfigMap and a
// ClusterResourceSet for the cloud provider's credentials alone.
func Build(s settings.Settings, files Contents) ([]*unstructured.Unstructured, error) {
	objects := []*unstructured.Unstructured{namespace(s), identity(s, files.Kubeconfig), cluster(s)}
	if s.Fleet() {
		objects = append(objects, credentials(s), credentialsSet(s), gitRepo(s))
	}
	addons := addonsOf(s, files.CNIValues)
	for _, addon := range addons {
		configMap, err := addon.configMap(s)
		if err != nil {
			return nil, err
		}
		objects = append(objects, configMap)
	}
	for _, addon := range addons {
		objects = append(objects, addon.resourceSet(s))
	}
	return append(objects, healthCheck(s)), nil
}

// Belongings are the objects that Build makes for a cluster, by name only, in the order in which they can go: the Cluster
// first, and the identity last, which CAPHV needs until the Cluster is gone. The namespace is not among them: it may hold
// more. version is that of Cluster API's objects.
func Belongings(namespace, name, version string) []*unstructured.Unstructured {
	s := settings.Settings{Name: name, Namespace: namespace, ClusterAPIVersion: version}
	belongings := []*unstructured.Unstructured{
		{Object: object(clusterAPI(s), "Cluster", name, s)},
		{Object: object(clusterAPI(s), "MachineHealthCheck", healthCheckName(s), s)},
	}
	addons := addonsOf(s, nil)
	for _, cni := range []string{settings.CNICalico, settings.CNICanal, settings.CNICilium} {
		addons = append(addons, networkAddon(cni, nil))
	}
	fleet := s
	fleet.FleetAddonRepo = "-"
	belongings = append(belongings, &unstructured.Unstructured{Object: gitRepo(fleet).Object})
	for _, addon := range addons {
		belongings = append(belongings, addon.resourceSet(s),
			&unstructured.Unstructured{Object: object("v1", "ConfigMap", addon.name(s), s)})
	}
	return append(belongings, &unstructured.Unstructured{Object: object("v1", "Secret", IdentitySecretName(name), s)})
}

// object starts an object in the cluster's namespace, labelled with the cluster's name as backups expect it.
func object(apiVersion, kind, name string, s settings.Settings) map[string]any {
	return map[string]any{
		"apiVersion": apiVersion,
		"kind":       kind,
		"metadata": map[string]any{
			"name":      name,
			"namespace": s.Namespace,
			"labels":    map[string]any{clusterNameLabel: s.Name},
		},
	}
}

// with sets a top-level field and seals the object.
func with(object map[string]any, field string, value any) *unstructured.Unstructured {
	object[field] = value
	return &unstructured.Unstructured{Object: object}
}

func label(object map[string]any, key, value string) {
	object["metadata"].(map[string]any)["labels"].(map[string]any)[key] = value
}

// list turns strings into what JSON decodes to.
func list(values []string) []any {
	items := make([]any, 0, len(values))
	for _, value := range values {
		items = append(items, value)
	}
	return items
}
