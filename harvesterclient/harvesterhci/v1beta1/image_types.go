package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Conditions of a VirtualMachineImage.
const (
	// ImageInitialized is True once the storage behind the image exists; the image is not usable yet.
	ImageInitialized = "Initialized"
	// ImageImported is True when the image is complete and volumes can be made from it.
	ImageImported = "Imported"
	// ImageRetryLimitExceeded is True when Harvester gave up importing.
	ImageRetryLimitExceeded = "RetryLimitExceeded"
	// ImageBackingImageMissing is True when the storage behind the image is gone.
	ImageBackingImageMissing = "BackingImageMissing"
	// ImageMetadataReady is True when the image's metadata is backed up.
	ImageMetadataReady = "MetadataReady"
)

// ImageDisplayNameLabel repeats an image's display name.
const ImageDisplayNameLabel = "harvesterhci.io/imageDisplayName"

// ImageOSTypeLabel says what an image runs. The dashboard's values are windows, linux, SLEs, debian, fedora, gentoo, oracle,
// redhat, openSUSE, ubuntu and otherLinux; others come from other tools.
const ImageOSTypeLabel = "harvesterhci.io/os-type"

// ImageBackend says which storage engine keeps an image.
//
// +kubebuilder:validation:Enum=backingimage;cdi
type ImageBackend string

// The image backends.
const (
	// BackendBackingImage keeps the image in Longhorn, with a storage class of its own.
	BackendBackingImage ImageBackend = "backingimage"
	// BackendCDI keeps the image in any storage class (Harvester 1.5 and later).
	BackendCDI ImageBackend = "cdi"
)

// ImageSourceType says where an image comes from.
//
// +kubebuilder:validation:Enum=download;upload;export-from-volume;restore;clone
type ImageSourceType string

// The sources of images.
const (
	SourceDownload     ImageSourceType = "download"
	SourceUpload       ImageSourceType = "upload"
	SourceExportVolume ImageSourceType = "export-from-volume"
	SourceRestore      ImageSourceType = "restore"
	SourceClone        ImageSourceType = "clone"
)

// CryptoOperation is what a clone does to the data of its source.
//
// +kubebuilder:validation:Enum=encrypt;decrypt
type CryptoOperation string

// The crypto operations.
const (
	CryptoEncrypt CryptoOperation = "encrypt"
	CryptoDecrypt CryptoOperation = "decrypt"
)

// VirtualMachineImage is a disk image that volumes are cloned from.
//
// +kubebuilder:object:root=true
type VirtualMachineImage struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VirtualMachineImageSpec   `json:"spec"`
	Status VirtualMachineImageStatus `json:"status,omitempty"`
}

// VirtualMachineImageSpec is what a user declares. Fields without omitempty are always encoded, as upstream does.
type VirtualMachineImageSpec struct {
	Backend     ImageBackend `json:"backend"`
	Description string       `json:"description,omitempty"`
	// DisplayName is what people call the image; metadata.name is usually generated.
	DisplayName string          `json:"displayName"`
	SourceType  ImageSourceType `json:"sourceType"`
	// PVCName is the volume to export, for SourceExportVolume.
	PVCName string `json:"pvcName"`
	// PVCNamespace is the namespace of that volume.
	PVCNamespace string `json:"pvcNamespace"`
	// URL is where to download from, for SourceDownload.
	URL string `json:"url"`
	// Checksum is the SHA-512 sum of the image.
	Checksum string `json:"checksum"`
	// StorageClassParameters go into the image's own storage class.
	StorageClassParameters map[string]string `json:"storageClassParameters"`
	// Retry is how often an import is tried again, 0 to 10.
	Retry int `json:"retry"`
	// SecurityParameters make a clone that is encrypted or decrypted.
	SecurityParameters *VirtualMachineImageSecurityParameters `json:"securityParameters,omitempty"`
	// TargetStorageClassName is where the data is kept.
	TargetStorageClassName string `json:"targetStorageClassName,omitempty"`
}

// VirtualMachineImageSecurityParameters name the source of an encrypting or decrypting clone.
type VirtualMachineImageSecurityParameters struct {
	CryptoOperation      CryptoOperation `json:"cryptoOperation"`
	SourceImageName      string          `json:"sourceImageName"`
	SourceImageNamespace string          `json:"sourceImageNamespace"`
}

// VirtualMachineImageStatus is what Harvester reports.
type VirtualMachineImageStatus struct {
	// AppliedURL is the URL the import started from.
	AppliedURL string `json:"appliedUrl,omitempty"`
	// Progress is a percentage; it stays at 99 until ImageImported is True.
	Progress int `json:"progress,omitempty"`
	// Size is the number of bytes stored.
	Size int64 `json:"size,omitempty"`
	// VirtualSize is the number of bytes a disk made from the image needs at least.
	VirtualSize int64 `json:"virtualSize,omitempty"`
	// StorageClassName is the class of volumes made from the image. Its form differs between
	// versions (longhorn-<name>, lh-<uid>, the target's own): read it, never compute it.
	StorageClassName string `json:"storageClassName,omitempty"`
	// BackupTarget is where the image is backed up.
	BackupTarget *BackupTarget `json:"backupTarget,omitempty"`
	// Failed counts failed imports.
	Failed int `json:"failed"`
	// LastFailedTime is RFC 3339.
	LastFailedTime string      `json:"lastFailedTime,omitempty"`
	Conditions     []Condition `json:"conditions,omitempty"`
	// TargetStorageClassName is where the data is kept.
	TargetStorageClassName string `json:"targetStorageClassName,omitempty"`
}

// BackupTarget is a place for backups.
type BackupTarget struct {
	Endpoint     string `json:"endpoint,omitempty"`
	BucketName   string `json:"bucketName,omitempty"`
	BucketRegion string `json:"bucketRegion,omitempty"`
}

// VirtualMachineImageList is a list of images.
//
// +kubebuilder:object:root=true
type VirtualMachineImageList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []VirtualMachineImage `json:"items"`
}
