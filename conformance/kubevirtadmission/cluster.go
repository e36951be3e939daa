package kubevirtadmission

import (
	"fmt"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/client-go/kubecli"
	virtconfig "kubevirt.io/kubevirt/pkg/virt-config"
)

// Namespace and name of the KubeVirt object on Harvester.
const (
	kubevirtNamespace = "harvester-system"
	kubevirtName      = "kubevirt"
)

// architecture is that of the hosts.
const architecture = "amd64"

// harvesterConfiguration is what deploy/charts/harvester/values.yaml of github.com/harvester/harvester v1.8.0 says
// below kubevirt.spec.configuration, as far as admission reads it.
func harvesterConfiguration() kubevirtv1.KubeVirtConfiguration {
	liveUpdate := kubevirtv1.VMRolloutStrategyLiveUpdate
	bridgeOnPods := true

	return kubevirtv1.KubeVirtConfiguration{
		VMStateStorageClass: "vmstate-persistence",
		DeveloperConfiguration: &kubevirtv1.DeveloperConfiguration{
			FeatureGates: []string{"CPUManager", "DeclarativeHotplugVolumes", "ExpandDisks", "EnableVirtioFsConfigVolumes", "HostDevices"},
		},
		VMRolloutStrategy: &liveUpdate,
		// Harvester's PCI controller adds what an administrator hands out; any one device stands for them.
		PermittedHostDevices: &kubevirtv1.PermittedHostDevices{PciHostDevices: []kubevirtv1.PciHostDevice{
			{PCIVendorSelector: "10DE:2236", ResourceName: "nvidia.com/GA102GL_A10", ExternalResourceProvider: true},
		}},
		NetworkConfiguration: &kubevirtv1.NetworkConfiguration{
			NetworkInterface:                  "bridge",
			PermitBridgeInterfaceOnPodNetwork: &bridgeOnPods,
			Binding: map[string]kubevirtv1.InterfaceBindingPlugin{
				"managedtap": {DomainAttachmentType: kubevirtv1.ManagedTap},
			},
		},
	}
}

// clusterConfig is KubeVirt's view of its own object, from a store that holds Harvester's.
func clusterConfig() (*virtconfig.ClusterConfig, error) {
	definitions, objects := still(&extv1.CustomResourceDefinition{}), still(&kubevirtv1.KubeVirt{})
	err := objects.GetStore().Add(&kubevirtv1.KubeVirt{
		ObjectMeta: metav1.ObjectMeta{Namespace: kubevirtNamespace, Name: kubevirtName, ResourceVersion: "1"},
		Spec:       kubevirtv1.KubeVirtSpec{Configuration: harvesterConfiguration()},
		Status:     kubevirtv1.KubeVirtStatus{Phase: kubevirtv1.KubeVirtPhaseDeployed, DefaultArchitecture: architecture},
	})
	if err != nil {
		return nil, fmt.Errorf("store KubeVirt object: %w", err)
	}
	err = definitions.GetStore().Add(&extv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "datavolumes.cdi.kubevirt.io"},
		Spec:       extv1.CustomResourceDefinitionSpec{Names: extv1.CustomResourceDefinitionNames{Kind: "DataVolume"}},
	})
	if err != nil {
		return nil, fmt.Errorf("store CDI's definition: %w", err)
	}
	config, err := virtconfig.NewClusterConfigWithCPUArch(definitions, objects, kubevirtNamespace, architecture)
	if err != nil {
		return nil, fmt.Errorf("configure KubeVirt: %w", err)
	}

	return config, nil
}

// still is an informer that is never run: its store holds what is put there.
func still(object runtime.Object) cache.SharedIndexInformer {
	return cache.NewSharedIndexInformer(&cache.ListWatch{}, object, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
}

// unreachable is KubeVirt's client of an API server that is not there. Admission asks it only about instance types and
// data sources; a machine that names one is told that it cannot be found.
func unreachable() (kubecli.KubevirtClient, error) {
	client, err := kubecli.GetKubevirtClientFromRESTConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		return nil, fmt.Errorf("client of KubeVirt: %w", err)
	}

	return client, nil
}
