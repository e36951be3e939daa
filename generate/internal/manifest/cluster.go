package manifest

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

const clusterAPIVersion = "cluster.x-k8s.io/v1beta1"

func cluster(s settings.Settings) *unstructured.Unstructured {
	cluster := object(clusterAPIVersion, "Cluster", s.Name, s)
	label(cluster, "ccm", "external")
	label(cluster, "csi", "external")
	label(cluster, "cni", "external")
	label(cluster, "cloud-config", "harvester")
	if s.RancherAutoImport {
		label(cluster, autoImportLabel, "true")
	}
	return with(cluster, "spec", map[string]any{
		"clusterNetwork": map[string]any{
			"pods":     map[string]any{"cidrBlocks": list([]string{s.PodCIDR})},
			"services": map[string]any{"cidrBlocks": list([]string{s.ServiceCIDR})},
		},
		"topology": map[string]any{
			"class":        ClusterClassName,
			"version":      s.KubernetesVersion,
			"controlPlane": map[string]any{"replicas": int64(s.ControlPlaneReplicas)},
			"workers": map[string]any{"machineDeployments": []any{map[string]any{
				"class":    WorkerClass,
				"name":     workerName,
				"replicas": int64(s.WorkerReplicas),
			}}},
			"variables": variables(s),
		},
	})
}

// variables are those of ClusterClass harvester-rke2. What has nothing to say is left to the class's default.
func variables(s settings.Settings) []any {
	var variables []any
	add := func(name string, value any) {
		variables = append(variables, map[string]any{"name": name, "value": value})
	}
	add("identitySecretName", IdentitySecretName(s.Name))
	add("targetNamespace", s.TargetNamespace)
	add("sshUser", s.SSHUser)
	add("sshKeyPair", s.SSHKeyPair)
	add("cpuCount", int64(s.CPU))
	add("memorySize", s.Memory)
	add("vmNetworks", list(s.Networks))
	add("volumes", []any{map[string]any{
		"volumeType": "image", "imageName": s.Image, "volumeSize": s.DiskSize, "bootOrder": int64(1),
	}})
	if s.IPPool != "" {
		add("ipPoolRef", s.IPPool)
	}
	if len(s.IPPoolRefs) > 0 {
		add("ipPoolRefs", list(s.IPPoolRefs))
	}
	if len(s.Pools()) > 0 {
		add("gateway", s.Gateway)
		add("subnetMask", s.SubnetMask)
	}
	if len(s.DNS) > 0 {
		add("dnsServers", list(s.DNS))
	}
	add("lbIPAMType", s.LoadBalancerIPAM)
	if s.LoadBalancerPool != "" {
		add("lbIPPoolRef", s.LoadBalancerPool)
	}
	add("cni", s.CNI)
	return variables
}

// healthCheck has the operations guide's values. The selector takes in all machines of the cluster.
func healthCheck(s settings.Settings) *unstructured.Unstructured {
	unhealthy := func(status string) any {
		return map[string]any{"type": "Ready", "status": status, "timeout": "5m"}
	}
	return with(object(clusterAPIVersion, "MachineHealthCheck", s.Name+"-mhc", s), "spec", map[string]any{
		"clusterName":         s.Name,
		"maxUnhealthy":        "34%",
		"nodeStartupTimeout":  "20m",
		"selector":            map[string]any{"matchLabels": map[string]any{clusterNameLabel: s.Name}},
		"unhealthyConditions": []any{unhealthy("False"), unhealthy("Unknown")},
	})
}
