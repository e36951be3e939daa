package harvesterclient

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// VM describes a virtual machine in the terms of a machine provider. BuildVM turns it into what Harvester wants.
type VM struct {
	// Namespace and Name of the virtual machine. The name is a DNS label: it becomes the hostname too.
	Namespace, Name string
	// Labels go on the virtual machine and on its template, so that the instance carries them.
	Labels map[string]string
	// Annotations go on the virtual machine.
	Annotations map[string]string
	// VolumeLabels go on the claims of the disks.
	VolumeLabels map[string]string

	// CPU is the number of cores, at least 1.
	CPU uint32
	// Memory is the limit, in bytes. Harvester gives the guest this or about 100 MiB less, by version.
	Memory resource.Quantity
	// Disks in the order in which the guest sees them. At least one.
	Disks []Disk
	// NICs in the order in which the guest sees them. At least one.
	NICs []NIC
	// CloudInitSecret names a Secret in the same namespace with keys userdata and networkdata. It must exist
	// before the machine starts, and at each later start. Empty means no cloud-init disk.
	CloudInitSecret string
	// SSHKeyNames are key pairs as "<namespace>/<name>", for Harvester's UI to show. The keys themselves
	// must come by cloud-init.
	SSHKeyNames []string

	// EFI boots by UEFI instead of BIOS.
	EFI bool
	// SecureBoot needs EFI.
	SecureBoot bool
	// TPM gives the guest an emulated TPM 2.0.
	TPM bool
	// PersistentTPM keeps the TPM's state over restarts. It needs TPM.
	PersistentTPM bool

	// CPUModel is what the guest sees: "host-model", "host-passthrough" or a model's name. Empty leaves it to the cluster.
	CPUModel string
	// HostDevices are devices of the host to pass through. A machine with one cannot be migrated.
	HostDevices []HostDevice

	// NodeAffinity, PodAffinity and PodAntiAffinity place the machine on hosts. They are copied, never kept.
	NodeAffinity    *corev1.NodeAffinity
	PodAffinity     *corev1.PodAffinity
	PodAntiAffinity *corev1.PodAntiAffinity
}

// Disk is one persistent disk.
type Disk struct {
	// Name of the disk inside the virtual machine, such as "disk-0".
	Name string
	// PVCName is the claim that Harvester makes for the disk.
	PVCName string
	// Size in bytes, at least the image's virtual size.
	Size resource.Quantity
	// StorageClassName is, for a disk from an image, the class in the image's status. Empty means the default class.
	StorageClassName string
	// ImageID is the image the disk is cloned from as "<namespace>/<name>". Empty means a blank disk.
	ImageID string
	// BootOrder starts at 1, unique in the machine. Zero means not to boot from it unless nothing else can be.
	BootOrder uint
}

// HostDevice is a PCI or mediated device of the host.
type HostDevice struct {
	// Name of the device inside the virtual machine.
	Name string
	// DeviceName is the resource that Harvester offers it as, such as "nvidia.com/GA102GL_A10". From Harvester 1.8 on a
	// virtual GPU is one too.
	DeviceName string
}

// NIC is one network interface, bridged to a network.
type NIC struct {
	// Name of the interface inside the virtual machine, such as "nic-0".
	Name string
	// Network is a NetworkAttachmentDefinition as "<namespace>/<name>". Harvester resolves a name
	// without namespace in two different ways, so one is required.
	Network string
	// MACAddress such as "02:00:00:00:00:01". Empty lets Harvester choose one.
	MACAddress string
}
