// Package settings holds the answers from which a cluster is generated: their names as flags, their defaults, and what
// can be wrong with them.
package settings

import (
	"strings"
)

// Settings are the answers. Field names follow the flags; see Fields for what each one means.
type Settings struct {
	Name                 string
	Namespace            string
	Image                string
	SSHKeyPair           string
	Networks             []string
	Gateway              string
	SubnetMask           string
	IPPool               string
	IPPoolRefs           []string
	DNS                  []string
	HarvesterKubeconfig  string
	ControlPlaneReplicas int
	WorkerReplicas       int
	CPU                  int
	Memory               string
	DiskSize             string
	KubernetesVersion    string

	TargetNamespace   string
	SSHUser           string
	LoadBalancerIPAM  string
	LoadBalancerPool  string
	CNI               string
	PodCIDR           string
	ServiceCIDR       string
	RancherAutoImport bool

	ControlPlane   Overrides
	Workers        Overrides
	ExtraDisks     []string
	FailureDomains []string
	Class          string
	ClassNamespace string
	CISProfile     string
	FIPS           bool
	Labels         []string

	Firmware string
	TPM      string

	Interfaces         []string
	NetworkDataVersion string
	GuestQuirks        []string
	InstallGuestAgent  bool

	CNIMTU           int
	CNIEncapsulation string
	CNIBGP           bool
	// CNIValues is a file.
	CNIValues string

	SystemDefaultRegistry string
	RegistryMirrors       []string
	RegistrySecret        string
	RegistryTLSSecret     string
	AirGapped             bool
	ChartRepository       string

	ClusterAPIVersion string

	FleetAddonRepo   string
	FleetAddonBranch string
	FleetAddonPaths  []string

	MaxUnhealthy       string
	NodeStartupTimeout string
	UnhealthyTimeout   string
}

// Overrides are the answers in which the machines of one role differ from the others; zero values mean no difference.
type Overrides struct {
	CPU        int
	Memory     string
	DiskSize   string
	Networks   []string
	ExtraDisks []string
}

// Values of Firmware and TPM.
const (
	FirmwareBIOS       = "bios"
	FirmwareEFI        = "efi"
	FirmwareSecureBoot = "secure-boot"
	TPMNone            = "none"
	TPMEphemeral       = "ephemeral"
	TPMPersistent      = "persistent"
)

// Values of ClusterAPIVersion; RKE2's providers have the same.
const (
	V1Beta1 = "v1beta1"
	V1Beta2 = "v1beta2"
)

const (
	// DefaultClass is the ClusterClass that ships.
	DefaultClass       = "harvester-rke2"
	defaultFleetBranch = "main"
)

// Versions are those in which manifests can be written.
func Versions() []string { return []string{V1Beta1, V1Beta2} }

// Values of LoadBalancerIPAM and CNI.
const (
	IPAMDHCP   = "dhcp"
	IPAMPool   = "pool"
	CNICalico  = "calico"
	CNINone    = "none"
	CNICanal   = "canal"
	CNICilium  = "cilium"
	rke2Suffix = "+rke2r1"
)

// Defaults are the settings before any flag.
func Defaults() Settings {
	return Settings{
		ControlPlaneReplicas: 3,
		WorkerReplicas:       2,
		CPU:                  4,
		Memory:               "8Gi",
		DiskSize:             "80Gi",
		KubernetesVersion:    "v1.31.14",
		SSHUser:              "rancher",
		LoadBalancerIPAM:     IPAMDHCP,
		CNI:                  CNICalico,
		PodCIDR:              "10.42.0.0/16",
		ServiceCIDR:          "10.43.0.0/16",
		Firmware:             FirmwareBIOS,
		TPM:                  TPMNone,
		InstallGuestAgent:    true,
		CNIEncapsulation:     EncapsulationVXLAN,
		ChartRepository:      "https://charts.harvesterhci.io/",
		ClusterAPIVersion:    V1Beta1,
		Class:                DefaultClass,
		MaxUnhealthy:         "34%",
		NodeStartupTimeout:   "20m",
		UnhealthyTimeout:     "5m",
	}
}

// Complete fills in what follows from other answers: the namespace is the cluster's name, VMs live in the namespace of
// the first network, and a version without a build of RKE2 means its first one.
func (s Settings) Complete() Settings {
	if s.Namespace == "" {
		s.Namespace = s.Name
	}
	if s.TargetNamespace == "" {
		s.TargetNamespace = namespaceOf(s.Networks)
	}
	if s.Class == "" {
		s.Class = DefaultClass
	}
	if s.Fleet() && s.FleetAddonBranch == "" {
		s.FleetAddonBranch = defaultFleetBranch
	}
	if s.KubernetesVersion != "" && s.KubernetesVersion[0] != 'v' {
		s.KubernetesVersion = "v" + s.KubernetesVersion
	}
	if s.KubernetesVersion != "" && !strings.Contains(s.KubernetesVersion, "+") {
		s.KubernetesVersion += rke2Suffix
	}
	return s
}

// Pools are the machines' address pools in the order in which they are tried; none means DHCP. Several win over one, as in
// the field.
func (s Settings) Pools() []string {
	if len(s.IPPoolRefs) == 0 && s.IPPool != "" {
		return []string{s.IPPool}
	}
	return s.IPPoolRefs
}

// PodCIDRs and ServiceCIDRs are the ranges, one or one of each family.
func (s Settings) PodCIDRs() []string { return ranges(s.PodCIDR) }

// ServiceCIDRs is like PodCIDRs.
func (s Settings) ServiceCIDRs() []string { return ranges(s.ServiceCIDR) }

func ranges(text string) []string { return trimmed(strings.Split(text, ",")) }

// Fleet tells whether Rancher's Fleet installs the addons.
func (s Settings) Fleet() bool { return s.FleetAddonRepo != "" }

func namespaceOf(references []string) string {
	if len(references) > 0 {
		if namespace, _, qualified := strings.Cut(references[0], "/"); qualified {
			return namespace
		}
	}
	return "default"
}
