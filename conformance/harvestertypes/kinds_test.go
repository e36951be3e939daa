package harvestertypes

import (
	upstreamlb "github.com/harvester/harvester-load-balancer/pkg/apis/loadbalancer.harvesterhci.io/v1beta1"
	upstreamhci "github.com/harvester/harvester/pkg/apis/harvesterhci.io/v1beta1"
	upstreamnad "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Modules that validate, as they stand in go.mod.
const (
	harvesterModule    = "github.com/harvester/harvester"
	loadBalancerModule = "github.com/harvester/harvester-load-balancer"
	networkModule      = "github.com/k8snetworkplumbingwg/network-attachment-definition-client"
)

// kind is one kind as we declare it and as upstream does.
type kind struct {
	name          string
	ours, theirs  client.Object
	oursL, theirL client.ObjectList
	gvk           schema.GroupVersionKind
	// crdModule and crdFile say where upstream ships the definition; empty if it does not.
	crdModule, crdFile string
}

var kinds = []kind{
	{
		"IPPool", &lbv1.IPPool{}, &upstreamlb.IPPool{}, &lbv1.IPPoolList{}, &upstreamlb.IPPoolList{},
		lbv1.GroupVersion.WithKind("IPPool"), loadBalancerModule, "crds/loadbalancer.harvesterhci.io_ippools.yaml",
	},
	{
		"LoadBalancer", &lbv1.LoadBalancer{}, &upstreamlb.LoadBalancer{}, &lbv1.LoadBalancerList{}, &upstreamlb.LoadBalancerList{},
		lbv1.GroupVersion.WithKind("LoadBalancer"), loadBalancerModule, "crds/loadbalancer.harvesterhci.io_loadbalancers.yaml",
	},
	{
		"VirtualMachineImage", &hciv1.VirtualMachineImage{}, &upstreamhci.VirtualMachineImage{}, &hciv1.VirtualMachineImageList{}, &upstreamhci.VirtualMachineImageList{},
		hciv1.GroupVersion.WithKind("VirtualMachineImage"), harvesterModule, "deploy/charts/harvester-crd/templates/harvesterhci.io_virtualmachineimages.yaml",
	},
	{
		"KeyPair", &hciv1.KeyPair{}, &upstreamhci.KeyPair{}, &hciv1.KeyPairList{}, &upstreamhci.KeyPairList{},
		hciv1.GroupVersion.WithKind("KeyPair"), harvesterModule, "deploy/charts/harvester-crd/templates/harvesterhci.io_keypairs.yaml",
	},
	{
		"Setting", &hciv1.Setting{}, &upstreamhci.Setting{}, &hciv1.SettingList{}, &upstreamhci.SettingList{},
		hciv1.GroupVersion.WithKind("Setting"), harvesterModule, "deploy/charts/harvester-crd/templates/harvesterhci.io_settings.yaml",
	},
	{
		"NetworkAttachmentDefinition", &nadv1.NetworkAttachmentDefinition{}, &upstreamnad.NetworkAttachmentDefinition{},
		&nadv1.NetworkAttachmentDefinitionList{}, &upstreamnad.NetworkAttachmentDefinitionList{},
		nadv1.GroupVersion.WithKind("NetworkAttachmentDefinition"), "", "",
	},
}
