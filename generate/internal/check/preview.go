// Package check asks the rules of the webhook about a cluster that does not exist yet.
package check

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// previewed is an object that does not exist yet.
type previewed struct {
	object map[string]any
	// role is what a machine is for; empty for other kinds.
	role settings.Role
}

// preview makes the HarvesterCluster and a HarvesterMachine of each role that the ClusterClass's patches will make of the
// settings.
func preview(s settings.Settings) ([]previewed, error) {
	var objects []previewed
	add := func(typed any, role settings.Role) error {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		if err != nil {
			return fmt.Errorf("previewing the cluster: %w", err)
		}
		objects = append(objects, previewed{object, role})
		return nil
	}
	if err := add(cluster(s), ""); err != nil {
		return nil, err
	}
	for _, role := range []settings.Role{settings.ControlPlane, settings.Worker} {
		machine, err := machine(s, role)
		if err != nil {
			return nil, err
		}
		if err := add(machine, role); err != nil {
			return nil, err
		}
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
			IPPoolRefs: s.IPPoolRefs,
			Gateway:    s.Gateway,
			SubnetMask: s.SubnetMask,
			DNSServers: s.DNS,
		}
		if len(s.IPPoolRefs) == 0 {
			cluster.Spec.VMNetworkConfig.IPPoolRef = s.IPPool
		}
	}
	return cluster
}

func machine(s settings.Settings, role settings.Role) (*infrav1.HarvesterMachine, error) {
	machine := s.Machine(role)
	size, err := resource.ParseQuantity(machine.DiskSize)
	if err != nil {
		return nil, fmt.Errorf("--disk-size: %w", err)
	}
	first := int32(1)
	volumes := []infrav1.Volume{{
		VolumeType: infrav1.VolumeTypeImage, ImageName: s.Image, VolumeSize: &size, BootOrder: &first,
	}}
	for _, disk := range machine.ExtraDisks {
		storageClass, text := settings.SplitDisk(disk)
		size, err := resource.ParseQuantity(text)
		if err != nil {
			return nil, fmt.Errorf("--extra-disk: %w", err)
		}
		volumes = append(volumes, infrav1.Volume{
			VolumeType: infrav1.VolumeTypeStorageClass, StorageClass: storageClass, VolumeSize: &size,
		})
	}
	firmware, tpm := hardware(s)
	return &infrav1.HarvesterMachine{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterMachine"},
		ObjectMeta: metav1.ObjectMeta{Name: s.Name + "-" + string(role), Namespace: s.Namespace},
		Spec: infrav1.HarvesterMachineSpec{
			CPU:        int32(machine.CPU), //nolint:gosec // Problems bounds it.
			Memory:     machine.Memory,
			SSHUser:    s.SSHUser,
			SSHKeyPair: s.SSHKeyPair,
			Networks:   machine.Networks,
			Volumes:    volumes,
			Firmware:   firmware,
			TPM:        tpm,

			NetworkInterfaces: interfaces(s),
			Guest:             guest(s),
		},
	}, nil
}

func interfaces(s settings.Settings) []infrav1.NetworkInterface {
	var list []infrav1.NetworkInterface
	for _, one := range s.NetworkInterfaces() {
		result := infrav1.NetworkInterface{
			Index:      ptr.To(int32(one.Index)), //nolint:gosec // Problems bounds it by the number of networks.
			Addressing: infrav1.Addressing(one.Addressing), IPPoolRefs: one.Pools,
		}
		for field, chosen := range map[**bool]bool{&result.DHCPRoutes: one.Routes, &result.DHCPDNS: one.DNS, &result.Optional: one.Optional} {
			if chosen {
				*field = ptr.To(true)
			}
		}
		list = append(list, result)
	}
	return list
}

func guest(s settings.Settings) *infrav1.Guest {
	result := &infrav1.Guest{NetworkDataVersion: infrav1.NetworkDataVersion(s.NetworkDataVersion), InstallAgent: &s.InstallGuestAgent}
	for _, quirk := range s.GuestQuirks {
		result.Quirks = append(result.Quirks, infrav1.Quirk(quirk))
	}
	return result
}

func hardware(s settings.Settings) (*infrav1.Firmware, *infrav1.TPM) {
	var firmware *infrav1.Firmware
	var tpm *infrav1.TPM
	if s.Firmware != settings.FirmwareBIOS {
		secure := s.Firmware == settings.FirmwareSecureBoot
		firmware = &infrav1.Firmware{EFI: ptr.To(true), SecureBoot: &secure}
	}
	if s.TPM != settings.TPMNone {
		persistent := s.TPM == settings.TPMPersistent
		tpm = &infrav1.TPM{Enabled: ptr.To(true), Persistent: &persistent}
	}
	return firmware, tpm
}
