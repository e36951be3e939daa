package v1beta1

import "k8s.io/apimachinery/pkg/api/resource"

// VolumeType says what a volume is filled from.
// +kubebuilder:validation:Enum=image;storageClass
type VolumeType string

const (
	// VolumeTypeImage fills a volume from a VM image.
	VolumeTypeImage VolumeType = "image"
	// VolumeTypeStorageClass makes an empty volume of a storage class.
	VolumeTypeStorageClass VolumeType = "storageClass"
)

// Volume describes one disk of a VM.
type Volume struct {
	// volumeType is "image" for a disk that is filled from a VM image, or "storageClass" for an empty disk.
	// +required
	VolumeType VolumeType `json:"volumeType,omitempty"`

	// imageName is the VM image on Harvester, as "namespace/name" or "name", where name is the object's name or its
	// display name. For volumeType "image".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	ImageName string `json:"imageName,omitempty"`

	// storageClass is the name of a storage class on Harvester. For volumeType "storageClass"; an image brings its
	// own.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClass string `json:"storageClass,omitempty"`

	// volumeSize is the disk's size in bytes, as a Kubernetes quantity such as 40Gi. Default: an image's own size.
	// +optional
	VolumeSize *resource.Quantity `json:"volumeSize,omitempty"`

	// bootOrder is the disk's turn when the VM looks for something to boot, from 1. Absent or 0: the order of the
	// list.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1024
	BootOrder *int32 `json:"bootOrder,omitempty"`
}

// HostDevice is a device of the host that a VM gets for itself.
type HostDevice struct {
	// name of the device inside the VM.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// deviceName is the resource that Harvester offers the device as, such as "nvidia.com/GA102GL_A10". From Harvester
	// 1.8 on a virtual GPU is one too.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	DeviceName string `json:"deviceName,omitempty"`
}

// Firmware says how a VM boots.
type Firmware struct {
	// efi boots by UEFI in place of BIOS. Default: false.
	// +optional
	EFI *bool `json:"efi,omitempty"`

	// secureBoot lets UEFI boot signed code only. Needs efi. Default: false.
	// +optional
	SecureBoot *bool `json:"secureBoot,omitempty"`
}

// TPM describes a virtual Trusted Platform Module.
type TPM struct {
	// enabled gives the VM a TPM. Default: false.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// persistent keeps the TPM's state over restarts of the VM. Needs enabled. Default: false.
	// +optional
	Persistent *bool `json:"persistent,omitempty"`
}
