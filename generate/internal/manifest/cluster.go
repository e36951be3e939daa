package manifest

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

func clusterAPI(s settings.Settings) string { return "cluster.x-k8s.io/" + s.ClusterAPIVersion }

func cluster(s settings.Settings) *unstructured.Unstructured {
	cluster := object(clusterAPI(s), "Cluster", s.Name, s)
	label(cluster, "ccm", "external")
	label(cluster, "csi", "external")
	label(cluster, "cni", "external")
	label(cluster, "cloud-config", "harvester")
	if s.RancherAutoImport {
		label(cluster, autoImportLabel, "true")
	}
	for _, pair := range s.Labels {
		key, value, _ := strings.Cut(pair, "=")
		label(cluster, key, value)
	}
	return with(cluster, "spec", map[string]any{
		"clusterNetwork": map[string]any{
			"pods":     map[string]any{"cidrBlocks": list(s.PodCIDRs())},
			"services": map[string]any{"cidrBlocks": list(s.ServiceCIDRs())},
		},
		"topology": topology(s),
	})
}

func topology(s settings.Settings) map[string]any {
	controlPlane := map[string]any{"replicas": int64(s.ControlPlaneReplicas)}
	override(controlPlane, s, settings.ControlPlane)
	groups := s.WorkerGroups()
	deployments := make([]any, 0, len(groups))
	for _, group := range groups {
		deployment := map[string]any{"class": WorkerClass, "name": group.Name, "replicas": int64(group.Replicas)}
		if group.FailureDomain != "" {
			deployment["failureDomain"] = group.FailureDomain
		}
		override(deployment, s, settings.Worker)
		deployments = append(deployments, deployment)
	}
	topology := map[string]any{
		"version":      s.KubernetesVersion,
		"controlPlane": controlPlane,
		"workers":      map[string]any{"machineDeployments": deployments},
		"variables":    variables(s),
	}
	elsewhere := s.ClassNamespace != "" && s.ClassNamespace != s.Namespace
	if s.ClusterAPIVersion == settings.V1Beta2 {
		class := map[string]any{"name": s.Class}
		if elsewhere {
			class["namespace"] = s.ClassNamespace
		}
		topology["classRef"] = class
		return topology
	}
	topology["class"] = s.Class
	if elsewhere {
		topology["classNamespace"] = s.ClassNamespace
	}
	return topology
}

// variables are those of ClusterClass harvester-rke2. What has nothing to say is left to the class's default.
func variables(s settings.Settings) []any {
	var variables variableList
	add := variables.add
	add("identitySecretName", IdentitySecretName(s.Name))
	add("targetNamespace", s.TargetNamespace)
	add("sshUser", s.SSHUser)
	add("sshKeyPair", s.SSHKeyPair)
	machines := s.Machines()
	add("cpuCount", int64(machines.CPU))
	add("memorySize", machines.Memory)
	add("vmNetworks", list(machines.Networks))
	add("volumes", volumes(s, machines))
	switch {
	case len(s.IPPoolRefs) > 0:
		add("ipPoolRefs", list(s.IPPoolRefs))
	case s.IPPool != "":
		add("ipPoolRef", s.IPPool)
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
	if s.CISProfile != "" {
		add("cisProfile", s.CISProfile)
	}
	if s.FIPS {
		add("fipsRequired", true)
	}
	hardware(s, add)
	guest(s, add)
	images(s, add)
	return variables
}
