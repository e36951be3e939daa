// Package check asks the rules of the webhook about a cluster that does not exist yet.
package check

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// preview makes the HarvesterCluster and a HarvesterMachine that the ClusterClass's patches will make of the settings.
func preview(s settings.Settings) ([]map[string]any, error) {
	objects := make([]map[string]any, 0, 2)
	machine, err := machine(s)
	if err != nil {
		return nil, err
	}
	for _, typed := range []any{cluster(s), machine} {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		if err != nil {
			return nil, fmt.Errorf("previewing the cluster: %w", err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func cluster(s settings.Settings) *infrav1.HarvesterCluster {
	cluster := &infrav1.HarvesterCluster{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterCluster"},
		ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: s.Namespace},
		Spec: infrav1.HarvesterClusterSpec{
			IdentitySecret:  infrav1.SecretReference{Namespace: s.Namespace, Name: manifest.IdentitySecretName(s.Name)},
			TargetNamespace: s.TargetNamespace,
			LoadBalancerConfig: infrav1.LoadBalancerConfig{
				IPAMType:  infrav1.IPAMType(s.LoadBalancerIPAM),
				IPPoolRef: s.LoadBalancerPool,
			},
		},
	}
	if len(s.Pools()) > 0 {
		cluster.Spec.VMNetworkConfig = &infrav1.VMNetworkConfig{
			IPPoolRef:  s.IPPool,
			IPPoolRefs: s.IPPoolRefs,
			Gateway:    s.Gateway,
			SubnetMask: s.SubnetMask,
			DNSServers: s.DNS,
		}
	}
	return cluster
}

func machine(s settings.Settings) (*infrav1.HarvesterMachine, error) {
	size, err := resource.ParseQuantity(s.DiskSize)
	if err != nil {
		return nil, fmt.Errorf("--disk-size: %w", err)
	}
	first := int32(1)
	return &infrav1.HarvesterMachine{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterMachine"},
		ObjectMeta: metav1.ObjectMeta{Name: s.Name + "-machine", Namespace: s.Namespace},
		Spec: infrav1.HarvesterMachineSpec{
			CPU:        int32(s.CPU), //nolint:gosec // Problems bounds it.
			Memory:     s.Memory,
			SSHUser:    s.SSHUser,
			SSHKeyPair: s.SSHKeyPair,
			Networks:   s.Networks,
			Volumes: []infrav1.Volume{{
				VolumeType: infrav1.VolumeTypeImage, ImageName: s.Image, VolumeSize: &size, BootOrder: &first,
			}},
		},
	}, nil
}
