package manifest

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Harvester's charts. RKE2 has them built in, but deploys those only with cloud-provider-name "harvester", which wants
// the cloud config as a file on every node before RKE2 starts. A HelmChart object, which every RKE2 server understands,
// installs the same charts with the cloud config from a Secret; 0.2.15 is the first version of the cloud provider's chart
// that reads one.
const (
	chartRepository      = "https://charts.harvesterhci.io/"
	cloudProviderChart   = "harvester-cloud-provider"
	cloudProviderVersion = "0.2.15"
	csiDriverChart       = "harvester-csi-driver"
	csiDriverVersion     = "0.1.31"
)

// addon is something that a ClusterResourceSet applies to the guest cluster.
type addon struct {
	// suffix makes the names of the ConfigMap and the ClusterResourceSet from the cluster's.
	suffix string
	// key is the ConfigMap's key.
	key string
	// selector is a label of the Cluster.
	selector, selected string
	// object is applied to the guest cluster.
	object map[string]any
}

func addonsOf(s settings.Settings) []addon {
	addons := []addon{
		{"ccm", "harvester-cloud-provider.yaml", "ccm", "external", cloudProvider(s)},
		{"csi", "harvester-csi-driver.yaml", "csi", "external", csiDriver()},
	}
	if s.CNI == settings.CNICalico {
		addons = append(addons, addon{"calico", "rke2-calico.yaml", "cni", "external", calico(s)})
	}
	return addons
}

func (a addon) name(s settings.Settings) string { return s.Name + "-" + a.suffix }

func (a addon) configMap(s settings.Settings) *unstructured.Unstructured {
	return with(object("v1", "ConfigMap", a.name(s), s), "data", map[string]any{a.key: text(a.object)})
}

// resourceSet selects this cluster only, by name beside the label that says what it wants: several clusters may share a
// namespace. It reapplies what changes, such as the cloud config that comes into the ConfigMap later.
func (a addon) resourceSet(s settings.Settings) *unstructured.Unstructured {
	return with(object("addons.cluster.x-k8s.io/v1beta1", "ClusterResourceSet", a.name(s), s), "spec", map[string]any{
		"clusterSelector": map[string]any{"matchLabels": map[string]any{
			a.selector: a.selected, clusterNameLabel: s.Name,
		}},
		"resources": []any{map[string]any{"kind": "ConfigMap", "name": a.name(s)}},
		"strategy":  "Reconcile",
	})
}

// cloudProvider is installed before nodes are ready (bootstrap): it is what makes them ready.
func cloudProvider(s settings.Settings) map[string]any {
	values := map[string]any{
		"cloudConfigPath": "",
		"cloudConfig":     map[string]any{"secretName": CloudConfigSecret, "secretKey": CloudConfigSecretKey},
		"global":          map[string]any{"cattle": map[string]any{"clusterName": s.Name}},
	}
	return helmChart(cloudProviderChart, cloudProviderVersion, true, values)
}

func csiDriver() map[string]any {
	return helmChart(csiDriverChart, csiDriverVersion, false, map[string]any{
		"cloudConfig": map[string]any{"secretName": CloudConfigSecret},
	})
}

func helmChart(chart, version string, bootstrap bool, values map[string]any) map[string]any {
	spec := map[string]any{
		"chart":           chart,
		"repo":            chartRepository,
		"version":         version,
		"targetNamespace": kubeSystem,
		"valuesContent":   text(values),
	}
	if bootstrap {
		spec["bootstrap"] = true
	}
	return helm("HelmChart", chart, spec)
}

// calico sets values of the chart that RKE2 installs by itself with "cni: calico".
func calico(s settings.Settings) map[string]any {
	return helm("HelmChartConfig", "rke2-calico", map[string]any{"valuesContent": text(map[string]any{
		"installation": map[string]any{"calicoNetwork": map[string]any{
			"bgp": "Disabled",
			"ipPools": []any{map[string]any{
				"cidr": s.PodCIDR, "encapsulation": "VXLAN", "natOutgoing": "Enabled", "nodeSelector": "all()",
			}},
		}},
	})})
}

func helm(kind, name string, spec map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "helm.cattle.io/v1",
		"kind":       kind,
		"metadata":   map[string]any{"name": name, "namespace": kubeSystem},
		"spec":       spec,
	}
}

// text writes a value made of maps, lists and scalars, which cannot fail.
func text(value map[string]any) string {
	written, err := yaml.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("a plain value is not YAML: %v", err))
	}
	return string(written)
}
