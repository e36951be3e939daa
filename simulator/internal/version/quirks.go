package version

// Quirks say how one release behaves where releases differ. The zero value is Harvester 1.3.
type Quirks struct {
	// GuestMemoryOverheadRatio: setting additional-guest-memory-overhead-ratio exists, and guest memory then equals the
	// limit instead of the limit less 100 MiB (1.4).
	GuestMemoryOverheadRatio bool
	// RemovesAnyListedClaim: claims listed for removal need not be in the VM's template (1.4).
	RemovesAnyListedClaim bool
	// ImmutableIPAM: a load balancer's ipam and workloadType cannot change, and cluster ones need no listener (1.4).
	ImmutableIPAM bool
	// CDIImages: images may live in CDI, and claims made from them come from DataVolumes (1.5).
	CDIImages bool
	// UniqueMACs: a MAC in use on the same cluster network is refused (1.5).
	UniqueMACs bool
	// DuplicateAllocationHeals: an allocator that finds its own id taken releases it and succeeds at the next try; before,
	// it stays stuck (1.5).
	DuplicateAllocationHeals bool
	// ManualRelease: the annotation that releases a leaked address works (1.5).
	ManualRelease bool
	// DummyEndpoint: a load balancer without ready backends keeps an endpoint that leads nowhere (1.5).
	DummyEndpoint bool
	// MACsInSpec: generated MACs are written into the VM's spec by the mutator (1.7).
	MACsInSpec bool
	// DefaultCPU: missing cores, sockets and threads become 1 (1.7).
	DefaultCPU bool
	// RefusesEmptyMemory: a VM with neither guest memory nor a memory limit is refused (1.7).
	RefusesEmptyMemory bool
	// FixesStorageClass: the storage class of a claim template cannot change (1.7).
	FixesStorageClass bool
	// LimitsMaxSockets: maxSockets is set to 1, or with MaxSocketsFollowSockets (1.9) to the number of sockets (1.7).
	LimitsMaxSockets, MaxSocketsFollowSockets bool
	// LoosePools: in a second pass, empty scope fields of a pool match any guest cluster (1.7).
	LoosePools bool
	// ImageClassByUID: an image's storage class is lh-<uid>; before it is longhorn-<name> (1.8).
	ImageClassByUID bool
	// ClusterBalancersNeedVMs: a cluster load balancer is refused unless labelled VMs exist (1.8.0 only).
	ClusterBalancersNeedVMs bool
	// ClusterBalancersFollowVMs: removing the VMs of a guest cluster removes its load balancers (1.8).
	ClusterBalancersFollowVMs bool
	// NetworkByGuestCluster: a cluster load balancer's network is found by the guest cluster label (1.9).
	NetworkByGuestCluster bool
	// EmptyWorkloadIsVM: to the webhook too a load balancer without workloadType is a VM's; before, it describes it as a guest
	// cluster's (1.9).
	EmptyWorkloadIsVM bool
	// QualifiedCPUManager: hosts that can pin CPUs are labelled kubevirt.io/cpumanager, and a change of what a VM's affinity
	// says of that is refused; before, the label is cpumanager, and what users say of it is dropped (1.9).
	QualifiedCPUManager bool
	// IngressExpose: Service kube-system/ingress-expose exists (until 1.8).
	IngressExpose bool
}

// Quirks returns how the version behaves.
func (v Version) Quirks() Quirks {
	return Quirks{
		GuestMemoryOverheadRatio:  v.AtLeast(1, 4),
		RemovesAnyListedClaim:     v.AtLeast(1, 4),
		ImmutableIPAM:             v.AtLeast(1, 4),
		CDIImages:                 v.AtLeast(1, 5),
		UniqueMACs:                v.AtLeast(1, 5),
		DuplicateAllocationHeals:  v.AtLeast(1, 5),
		ManualRelease:             v.AtLeast(1, 5),
		DummyEndpoint:             v.AtLeast(1, 5),
		MACsInSpec:                v.AtLeast(1, 7),
		DefaultCPU:                v.AtLeast(1, 7),
		RefusesEmptyMemory:        v.AtLeast(1, 7),
		FixesStorageClass:         v.AtLeast(1, 7),
		LimitsMaxSockets:          v.AtLeast(1, 7),
		MaxSocketsFollowSockets:   v.AtLeast(1, 9),
		LoosePools:                v.AtLeast(1, 7),
		ImageClassByUID:           v.AtLeast(1, 8),
		ClusterBalancersNeedVMs:   v.Major == 1 && v.Minor == 8 && v.Patch == 0,
		ClusterBalancersFollowVMs: v.AtLeast(1, 8),
		NetworkByGuestCluster:     v.AtLeast(1, 9),
		EmptyWorkloadIsVM:         v.AtLeast(1, 9),
		QualifiedCPUManager:       v.AtLeast(1, 9),
		IngressExpose:             !v.AtLeast(1, 9),
	}
}
