package v1alpha1

import (
	"slices"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

func clusterUp(src *HarvesterCluster, dst *infrav1.HarvesterCluster) {
	dst.Spec = clusterSpecUp(&src.Spec)
	dst.Status = infrav1.HarvesterClusterStatus{
		Ready: src.Status.Ready, Conditions: conditionsUp(src.Status.Conditions),
		Initialization: initializationUp(src.Status.Initialization), FailureDomains: each(src.Status.FailureDomains, failureDomainUp),
	}
}

// clusterDerive adds what v0.2.x did not write, and tells whether it did: to Cluster API's older contract, ready is what
// provisioned is to the newer one.
func clusterDerive(dst *infrav1.HarvesterCluster) bool {
	if !dst.Status.Ready || dst.Status.Initialization != nil {
		return false
	}
	provisioned := true
	dst.Status.Initialization = &infrav1.Initialization{Provisioned: &provisioned}
	return true
}

func clusterDown(src *infrav1.HarvesterCluster, dst *HarvesterCluster) {
	dst.Spec = clusterSpecDown(&src.Spec)
	dst.Status = HarvesterClusterStatus{
		Ready: src.Status.Ready, Conditions: conditionsDown(src.Status.Conditions),
		Initialization: initializationDown(src.Status.Initialization), FailureDomains: each(src.Status.FailureDomains, failureDomainDown),
	}
}

func clusterTemplateUp(src *HarvesterClusterTemplate, dst *infrav1.HarvesterClusterTemplate) {
	dst.Spec.Template.ObjectMeta = metadataUp(src.Spec.Template.ObjectMeta)
	dst.Spec.Template.Spec = clusterSpecUp(&src.Spec.Template.Spec)
}

func clusterTemplateDown(src *infrav1.HarvesterClusterTemplate, dst *HarvesterClusterTemplate) {
	dst.Spec.Template.ObjectMeta = metadataDown(src.Spec.Template.ObjectMeta)
	dst.Spec.Template.Spec = clusterSpecDown(&src.Spec.Template.Spec)
}

func metadataUp(src ObjectMeta) clusterv1.ObjectMeta {
	if src.IsZero() {
		return clusterv1.ObjectMeta{}
	}
	src = *src.DeepCopy()
	return clusterv1.ObjectMeta{Labels: src.Labels, Annotations: src.Annotations}
}

func metadataDown(src clusterv1.ObjectMeta) ObjectMeta {
	src = *src.DeepCopy()
	return ObjectMeta{Labels: src.Labels, Annotations: src.Annotations}
}

func clusterSpecUp(src *HarvesterClusterSpec) infrav1.HarvesterClusterSpec {
	balancer := src.LoadBalancerConfig
	dst := infrav1.HarvesterClusterSpec{
		Server:         src.Server,
		IdentitySecret: infrav1.SecretReference{Namespace: src.IdentitySecret.Namespace, Name: src.IdentitySecret.Name},
		LoadBalancerConfig: infrav1.LoadBalancerConfig{
			IPAMType: infrav1.IPAMType(balancer.IPAMType), IPPoolRef: balancer.IPPoolRef, IPPool: poolUp(balancer.IPPool),
			Listeners: each(balancer.Listeners, listenerUp), Description: balancer.Description,
		},
		ControlPlaneEndpoint: infrav1.APIEndpoint{Host: src.ControlPlaneEndpoint.Host, Port: src.ControlPlaneEndpoint.Port},
		TargetNamespace:      src.TargetNamespace,
	}
	if update := src.UpdateCloudProviderConfig; update != nil {
		dst.UpdateCloudProviderConfig = &infrav1.UpdateCloudProviderConfig{
			ManifestsConfigMapNamespace: update.ManifestsConfigMapNamespace, ManifestsConfigMapName: update.ManifestsConfigMapName,
			ManifestsConfigMapKey:            update.ManifestsConfigMapKey,
			CloudConfigCredentialsSecretName: update.CloudConfigCredentialsSecretName,
			CloudConfigCredentialsSecretKey:  update.CloudConfigCredentialsSecretKey,
		}
	}
	if network := src.VMNetworkConfig; network != nil {
		dst.VMNetworkConfig = &infrav1.VMNetworkConfig{
			IPPoolRef: network.IPPoolRef, IPPoolRefs: slices.Clone(network.IPPoolRefs), IPPool: poolUp(network.IPPool),
			Gateway: network.Gateway, SubnetMask: network.SubnetMask,
			DNSServers: slices.Clone(network.DNSServers), DNSSearch: slices.Clone(network.DNSSearch),
		}
	}
	return dst
}

func clusterSpecDown(src *infrav1.HarvesterClusterSpec) HarvesterClusterSpec {
	balancer := src.LoadBalancerConfig
	dst := HarvesterClusterSpec{
		Server:         src.Server,
		IdentitySecret: SecretReference{Namespace: src.IdentitySecret.Namespace, Name: src.IdentitySecret.Name},
		LoadBalancerConfig: LoadBalancerConfig{
			IPAMType: string(balancer.IPAMType), IPPoolRef: balancer.IPPoolRef, IPPool: poolDown(balancer.IPPool),
			Listeners: each(balancer.Listeners, listenerDown), Description: balancer.Description,
		},
		ControlPlaneEndpoint: APIEndpoint{Host: src.ControlPlaneEndpoint.Host, Port: src.ControlPlaneEndpoint.Port},
		TargetNamespace:      src.TargetNamespace,
	}
	if update := src.UpdateCloudProviderConfig; update != nil {
		dst.UpdateCloudProviderConfig = &UpdateCloudProviderConfig{
			ManifestsConfigMapNamespace: update.ManifestsConfigMapNamespace, ManifestsConfigMapName: update.ManifestsConfigMapName,
			ManifestsConfigMapKey:            update.ManifestsConfigMapKey,
			CloudConfigCredentialsSecretName: update.CloudConfigCredentialsSecretName,
			CloudConfigCredentialsSecretKey:  update.CloudConfigCredentialsSecretKey,
		}
	}
	if network := src.VMNetworkConfig; network != nil {
		dst.VMNetworkConfig = &VMNetworkConfig{
			IPPoolRef: network.IPPoolRef, IPPoolRefs: slices.Clone(network.IPPoolRefs), IPPool: poolDown(network.IPPool),
			Gateway: network.Gateway, SubnetMask: network.SubnetMask,
			DNSServers: slices.Clone(network.DNSServers), DNSSearch: slices.Clone(network.DNSSearch),
		}
	}
	return dst
}

func listenerUp(src Listener) infrav1.Listener {
	return infrav1.Listener{
		Name: src.Name, Port: src.Port, Protocol: infrav1.ListenerProtocol(src.Protocol), BackendPort: src.BackendPort,
	}
}

func listenerDown(src infrav1.Listener) Listener {
	return Listener{Name: src.Name, Port: src.Port, Protocol: string(src.Protocol), BackendPort: src.BackendPort}
}

func poolUp(src *IPPool) *infrav1.IPPool {
	if src == nil {
		return nil
	}
	return &infrav1.IPPool{
		VMNetwork: src.VMNetwork, Subnet: src.Subnet, Gateway: src.Gateway, RangeStart: src.RangeStart, RangeEnd: src.RangeEnd,
	}
}

func poolDown(src *infrav1.IPPool) *IPPool {
	if src == nil {
		return nil
	}
	return &IPPool{
		VMNetwork: src.VMNetwork, Subnet: src.Subnet, Gateway: src.Gateway, RangeStart: src.RangeStart, RangeEnd: src.RangeEnd,
	}
}

// each converts a list; nil stays nil, which is not the same as empty where a field is required.
func each[S, D any](src []S, convert func(S) D) []D {
	if src == nil {
		return nil
	}
	dst := make([]D, 0, len(src))
	for i := range src {
		dst = append(dst, convert(src[i]))
	}
	return dst
}
