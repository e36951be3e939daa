package kit

// Annotations that Harvester maintains on VMs.
const (
	// RunStrategyAnnotation is the last run strategy that was not Halted.
	RunStrategyAnnotation = "harvesterhci.io/vmRunStrategy"
	// MACAnnotation is a JSON object from interface name to MAC, as last seen on the instance.
	MACAnnotation = "harvesterhci.io/mac-address"
	// RemoveAllAnnotation says that the VM's guest cluster is being removed with everything.
	RemoveAllAnnotation = "harvesterhci.io/removeAllPersistentVolumeClaims"
)

// Labels by which machines and load balancers of guest clusters are known.
const (
	// CreatorLabel and NodeDriver mark machines that the node driver, or one that follows its conventions, created.
	CreatorLabel = "harvesterhci.io/creator"
	NodeDriver   = "docker-machine-driver-harvester"
	// GuestClusterLabel on a VM names its guest cluster.
	GuestClusterLabel = "guestcluster.harvesterhci.io/name"
	// GuestBalancerLabel on a load balancer names the guest cluster whose cloud provider made it.
	GuestBalancerLabel = "cloudprovider.harvesterhci.io/cluster"
)

const (
	// SystemNamespace is where Harvester itself runs.
	SystemNamespace = "harvester-system"
	// LonghornProvisioner is the CSI driver of Harvester's volumes, which no two machines can share.
	LonghornProvisioner = "driver.longhorn.io"
)
