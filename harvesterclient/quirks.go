package harvesterclient

import "slices"

// Quirk is a behaviour that some versions of Harvester have and others have not.
type Quirk string

// The quirks a provider of machines may meet.
const (
	QuirkListedClaimsRemoved      Quirk = "ListedClaimsRemoved"
	QuirkLoadBalancerIPAMFixed    Quirk = "LoadBalancerIPAMFixed"
	QuirkGuestMemoryReserve       Quirk = "GuestMemoryReserve"
	QuirkImageBackendCDI          Quirk = "ImageBackendCDI"
	QuirkDuplicateMACRefused      Quirk = "DuplicateMACRefused"
	QuirkLoadBalancerHeals        Quirk = "LoadBalancerHeals"
	QuirkManualIPRelease          Quirk = "ManualIPRelease"
	QuirkCPUMemoryHotplug         Quirk = "CPUMemoryHotplug"
	QuirkMACInSpec                Quirk = "MACInSpec"
	QuirkMemoryRequired           Quirk = "MemoryRequired"
	QuirkImageClassByUID          Quirk = "ImageClassByUID"
	QuirkDeclarativeHotplug       Quirk = "DeclarativeHotplug"
	QuirkStorageMigration         Quirk = "StorageMigration"
	QuirkClusterLBNeedsVMs        Quirk = "ClusterLBNeedsVMs"
	QuirkLoadBalancerGoesWithVM   Quirk = "LoadBalancerGoesWithVM"
	QuirkIngressExposeService     Quirk = "IngressExposeService"
	QuirkLBNetworkByCreatorPrefix Quirk = "LBNetworkByCreatorPrefix"
	QuirkDualStackVIP             Quirk = "DualStackVIP"
)

// QuirkRange tells which versions have a quirk: from Since, inclusive, to Until, exclusive. A zero Since means all older
// ones too, a zero Until all newer ones.
type QuirkRange struct {
	Quirk        Quirk
	Since, Until Version
	// Note says what it means for a provider.
	Note string
}

// v1 is a release of Harvester 1.
func v1(minor, patch int) Version {
	return Version{Major: 1, Minor: minor, Patch: patch}
}

// quirks holds for Harvester 1.3 to 1.9, read in the source of those versions.
var quirks = []QuirkRange{
	{QuirkListedClaimsRemoved, v1(4, 0), Version{}, "claims listed for removal go with the machine; 1.3 also wants the machine to be their only owner"},
	{QuirkLoadBalancerIPAMFixed, v1(4, 0), Version{}, "a load balancer's ipam and workload type cannot change"},
	{QuirkGuestMemoryReserve, Version{}, v1(4, 0), "guest memory is always the limit less 100 MiB; later a setting decides"},
	{QuirkImageBackendCDI, v1(5, 0), Version{}, "an image may be kept by CDI: its disks come by a DataVolume, in a class shared with others"},
	{QuirkDuplicateMACRefused, v1(5, 0), Version{}, "two machines may not have one MAC address on a cluster network"},
	{QuirkLoadBalancerHeals, v1(5, 0), Version{}, "a load balancer whose id already holds an address gives it up and takes it again; earlier it is stuck for good"},
	{QuirkManualIPRelease, v1(5, 0), Version{}, "an annotation on a pool releases one address"},
	{QuirkCPUMemoryHotplug, v1(6, 0), Version{}, "an annotation keeps the user's own guest memory"},
	{QuirkMACInSpec, v1(7, 0), Version{}, "MAC addresses are written into the machine's spec; earlier only into an annotation"},
	{QuirkMemoryRequired, v1(7, 0), Version{}, "a machine without guest memory and without a memory limit is refused"},
	{QuirkImageClassByUID, v1(8, 0), Version{}, "a new image's storage class is lh-<uid>; earlier longhorn-<name>"},
	{QuirkDeclarativeHotplug, v1(8, 0), Version{}, "guest volumes are patched into the machine's spec"},
	{QuirkStorageMigration, v1(8, 0), Version{}, "a claim template may name the claim its disk moves to"},
	{QuirkClusterLBNeedsVMs, v1(8, 0), v1(8, 1), "a guest cluster gets no load balancer before a machine carries the creator and guest cluster labels"},
	{QuirkLoadBalancerGoesWithVM, v1(8, 0), Version{}, "deleting a machine marked for removal of all volumes deletes its guest cluster's load balancers"},
	{QuirkIngressExposeService, Version{}, v1(9, 0), "Service kube-system/ingress-expose exists; the management address is in ConfigMap harvester-system/vip in all versions"},
	{QuirkLBNetworkByCreatorPrefix, Version{}, v1(9, 0), "a guest cluster's load balancer finds its network by machines whose name starts with the cluster's"},
	{QuirkDualStackVIP, v1(9, 0), Version{}, "the management address may be IPv6"},
}

// Quirks returns the table of quirks, oldest first.
func Quirks() []QuirkRange { return slices.Clone(quirks) }

// Has tells whether a version of Harvester has a quirk.
func (v Version) Has(quirk Quirk) bool {
	for _, q := range quirks {
		if q.Quirk == quirk {
			return (q.Since.IsZero() || v.Compare(q.Since) >= 0) && (q.Until.IsZero() || v.Compare(q.Until) < 0)
		}
	}

	return false
}
