package harvesterclient

// Labels and annotations Harvester gives a meaning to. "Template" is spec.template.metadata of a virtual
// machine: Harvester copies its labels to the instance, and removes from the instance what is not there.
const (
	// LabelVMName, on the template, is the virtual machine's name. Quota accounting and load balancer selectors use it.
	LabelVMName = "harvesterhci.io/vmName"
	// LabelCreator, on the virtual machine and its template, says who made it.
	LabelCreator = "harvesterhci.io/creator"
	// CreatorNodeDriver is the creator that makes Harvester treat a virtual machine as a guest cluster's node:
	// zone and region reach the guest, and Harvester 1.8.0 lets the cluster have load balancers.
	CreatorNodeDriver = "docker-machine-driver-harvester"
	// LabelGuestCluster, on the virtual machine and its template, names the guest cluster.
	LabelGuestCluster = "guestcluster.harvesterhci.io/name"

	// AnnotationVolumeClaimTemplates, on the virtual machine, is a JSON array of the claims Harvester makes for it.
	AnnotationVolumeClaimTemplates = "harvesterhci.io/volumeClaimTemplates"
	// AnnotationImageID, on a claim in that array, is the "<namespace>/<name>" of the image it is cloned from.
	AnnotationImageID = "harvesterhci.io/imageId"
	// AnnotationRemovedClaims, on the virtual machine, lists the claims deleted with it, comma-separated.
	AnnotationRemovedClaims = "harvesterhci.io/removedPersistentVolumeClaims"
	// AnnotationSSHNames, on the template, is a JSON array of key pair names. It informs; it injects nothing.
	AnnotationSSHNames = "harvesterhci.io/sshNames"
	// AnnotationQuota, on the virtual machine, says why Harvester halted it: a resource quota is used up.
	AnnotationQuota = "harvesterhci.io/insufficient-resource-quota"
	// AnnotationMACAddresses, on the virtual machine, is a JSON map of interface name to MAC address.
	AnnotationMACAddresses = "harvesterhci.io/mac-address"
)

// cloudInitDisk is the name of the cloud-init disk and its volume, as Harvester's UI names it.
const cloudInitDisk = "cloudinitdisk"
