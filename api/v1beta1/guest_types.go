package v1beta1

// NetworkDataVersion is a version of cloud-init's network-config.
type NetworkDataVersion string

const (
	// NetworkDataV1 is for guests whose cloud-init reads version 2 badly.
	NetworkDataV1 NetworkDataVersion = "v1"
	// NetworkDataV2 is netplan's form.
	NetworkDataV2 NetworkDataVersion = "v2"
)

// Quirk names a change of the cloud-init data that some guests need.
type Quirk string

const (
	// QuirkNone stands for no quirk at all, in place of the defaults.
	QuirkNone Quirk = "none"
	// QuirkDHCPByMAC has netplan ask for leases by MAC address.
	QuirkDHCPByMAC Quirk = "dhcp-by-mac"
	// QuirkSUSEDHCPByMAC has wicked ask for leases by MAC address.
	QuirkSUSEDHCPByMAC Quirk = "suse-dhcp-by-mac"
	// QuirkSUSEDHCPRoutes has wicked leave out routes that are not wanted from a lease.
	QuirkSUSEDHCPRoutes Quirk = "suse-dhcp-routes"
	// QuirkSUSEStaticRoutes sets gateways and routes by commands at every boot.
	QuirkSUSEStaticRoutes Quirk = "suse-static-routes"
	// QuirkTransactionalRoot installs no packages.
	QuirkTransactionalRoot Quirk = "transactional-root"
)

// Guest says what the operating system in the VM needs. What is left out follows from the image that the VM boots from:
// its label harvesterhci.io/os-type, else its display name.
type Guest struct {
	// networkDataVersion is the version of cloud-init's network data: "v2", or "v1" for a guest that reads v2 badly.
	// Default: v2.
	// +optional
	// +kubebuilder:validation:Enum=v1;v2
	NetworkDataVersion NetworkDataVersion `json:"networkDataVersion,omitempty"`

	// quirks are changes of the cloud-init data that this guest needs, by name; "none" alone stands for no change.
	// Default: for SLES and openSUSE suse-static-routes and suse-dhcp-routes; for SL Micro and MicroOS
	// transactional-root; for others none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:Enum=none;dhcp-by-mac;suse-dhcp-by-mac;suse-dhcp-routes;suse-static-routes;transactional-root
	Quirks []Quirk `json:"quirks,omitempty"`

	// installAgent says whether the package qemu-guest-agent is installed at the first boot. With false, as for guests
	// that reach no package repository, the agent must be in the image; it is started. Default: true.
	// +optional
	InstallAgent *bool `json:"installAgent,omitempty"`
}
