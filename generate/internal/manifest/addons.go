package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Harvester's charts. RKE2 has them built in, but deploys those only with cloud-provider-name "harvester", which wants
// the cloud config as a file on every node before RKE2 starts. A HelmChart object, which every RKE2 server understands,
// installs the same charts with the cloud config from a Secret; 0.2.15 is the first version of the cloud provider's chart
// that reads one.
const (
	cloudProviderChart   = "harvester-cloud-provider"
	cloudProviderVersion = "0.2.15"
	csiDriverChart       = "harvester-csi-driver"
	csiDriverVersion     = "0.1.31"
)

// addon is something that a ClusterResourceSet applies to the guest cluster: an object by which RKE2 installs a chart, or
// sets values of one that it installs anyway.
type addon struct {
	// suffix makes the names of the ConfigMap and the ClusterResourceSet from the cluster's.
	suffix string
	// selector and selected are a label of the Cluster.
	selector, selected string
	// kind is HelmChart or HelmChartConfig, and chart the name of the object.
	kind, chart string
	// spec is the object's, without the values.
	spec map[string]any
	// values are the chart's.
	values map[string]any
}

func addonsOf(s settings.Settings, networkValues map[string]any) []addon {
	if s.Fleet() {
		return nil
	}
	addons := []addon{cloudProvider(s), csiDriver(s)}
	if network, wanted := podNetwork(s, networkValues); wanted {
		addons = append(addons, network)
	}
	return addons
}

// cloudProvider is installed before nodes are ready (bootstrap): it is what makes them ready.
func cloudProvider(s settings.Settings) addon {
	spec := helmChart(s, cloudProviderChart, cloudProviderVersion)
	cattle := withRegistry(s, map[string]any{"clusterName": s.Name})
	spec["bootstrap"] = true
	return addon{
		suffix: "ccm", selector: "ccm", selected: "external", kind: "HelmChart", chart: cloudProviderChart, spec: spec,
		values: map[string]any{
			"cloudConfigPath": "",
			"cloudConfig":     map[string]any{"secretName": CloudConfigSecret, "secretKey": CloudConfigSecretKey},
			"global":          map[string]any{"cattle": cattle},
		},
	}
}

func csiDriver(s settings.Settings) addon {
	values := map[string]any{"cloudConfig": map[string]any{"secretName": CloudConfigSecret}}
	if cattle := withRegistry(s, map[string]any{}); len(cattle) > 0 {
		values["global"] = map[string]any{"cattle": cattle}
	}
	return addon{
		suffix: "csi", selector: "csi", selected: "external", kind: "HelmChart", chart: csiDriverChart,
		spec: helmChart(s, csiDriverChart, csiDriverVersion), values: values,
	}
}

// withRegistry has a chart of Harvester pull its images from the default registry, as RKE2's own charts do by themselves.
func withRegistry(s settings.Settings, cattle map[string]any) map[string]any {
	if s.SystemDefaultRegistry != "" {
		cattle["systemDefaultRegistry"] = s.SystemDefaultRegistry
	}
	return cattle
}

// helmChart finds a chart by name in a repository, or by its address in a registry.
func helmChart(s settings.Settings, chart, version string) map[string]any {
	spec := map[string]any{"version": version, "targetNamespace": kubeSystem}
	if strings.HasPrefix(s.ChartRepository, "oci://") {
		spec["chart"] = strings.TrimSuffix(s.ChartRepository, "/") + "/" + chart
		return spec
	}
	spec["chart"], spec["repo"] = chart, s.ChartRepository
	return spec
}

func (a addon) name(s settings.Settings) string { return s.Name + "-" + a.suffix }

func (a addon) configMap(s settings.Settings) (*unstructured.Unstructured, error) {
	values, err := yaml.Marshal(a.values)
	if err != nil {
		return nil, fmt.Errorf("writing the values of %s: %w", a.chart, err)
	}
	a.spec["valuesContent"] = string(values)
	document, err := yaml.Marshal(map[string]any{
		"apiVersion": "helm.cattle.io/v1",
		"kind":       a.kind,
		"metadata":   map[string]any{"name": a.chart, "namespace": kubeSystem},
		"spec":       a.spec,
	})
	if err != nil {
		return nil, fmt.Errorf("writing %s %s: %w", a.kind, a.chart, err)
	}
	return with(object("v1", "ConfigMap", a.name(s), s), "data", map[string]any{a.chart + ".yaml": string(document)}), nil
}

// resourceSet selects this cluster only, by name beside the label that says what it wants: several clusters may share a
// namespace. It reapplies what changes, such as the cloud config that comes into the ConfigMap later.
func (a addon) resourceSet(s settings.Settings) *unstructured.Unstructured {
	return with(object("addons.cluster.x-k8s.io/"+s.ClusterAPIVersion, "ClusterResourceSet", a.name(s), s), "spec", map[string]any{
		"clusterSelector": map[string]any{"matchLabels": map[string]any{
			a.selector: a.selected, clusterNameLabel: s.Name,
		}},
		"resources": []any{map[string]any{"kind": "ConfigMap", "name": a.name(s)}},
		"strategy":  "Reconcile",
	})
}
