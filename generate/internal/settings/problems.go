package settings

import (
	"fmt"
	"net/netip"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Problem is one thing that is wrong with one answer.
type Problem struct {
	// Flag is the flag's name without dashes.
	Flag string
	// Text says what is wrong and how to fix it. It holds no secret.
	Text string
}

// String gives the problem on one line, with the flag.
func (p Problem) String() string { return fmt.Sprintf("--%s %s", p.Flag, p.Text) }

// maxNameLength leaves room for "controlplane-" before the name in a label's value of at most 63 characters, by which
// the load balancer finds its backends.
const maxNameLength = 50

var versionPattern = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+(\+rke2r[0-9]+)?$`)

// rules check one flag each; an empty text means that there is nothing to say.
var rules = []struct {
	flag  string
	check func(Settings) string
}{
	{"name", func(s Settings) string { return clusterName(s.Name) }},
	{"namespace", func(s Settings) string { return optional(s.Namespace, label) }},
	{"harvester-kubeconfig", func(s Settings) string {
		return required(s.HarvesterKubeconfig, "download it from Harvester's dashboard, and name the file")
	}},
	{"image", func(s Settings) string {
		return reference(s.Image, "name a VM image on Harvester, such as default/sles15-sp7", false)
	}},
	{"ssh-keypair", func(s Settings) string {
		return reference(s.SSHKeyPair, "name an SSH key pair on Harvester, such as default/capi-ssh-key", true)
	}},
	{"network", networks},
	{"ip-pool", func(s Settings) string { return optional(s.IPPool, objectName) }},
	{"ip-pool-refs", poolRefs},
	{"gateway", gateway},
	{"subnet-mask", subnetMask},
	{"dns", nameServers},
	{"cp-replicas", func(s Settings) string { return atLeast(s.ControlPlaneReplicas, 1) }},
	{"worker-replicas", func(s Settings) string { return atLeast(s.WorkerReplicas, 0) }},
	{"cpu", func(s Settings) string { return atLeast(s.CPU, 1) }},
	{"memory", func(s Settings) string { return memory(s.Memory) }},
	{"disk-size", func(s Settings) string { return diskSize(s.DiskSize) }},
	{"k8s-version", kubernetesVersion},
	{"target-namespace", func(s Settings) string { return optional(s.TargetNamespace, label) }},
	{"ssh-user", func(s Settings) string { return required(s.SSHUser, "name the user that the key pair is for") }},
	{"lb-ipam", func(s Settings) string { return oneOf(s.LoadBalancerIPAM, IPAMDHCP, IPAMPool) }},
	{"lb-ip-pool", loadBalancerPool},
	{"cni", func(s Settings) string { return oneOf(s.CNI, CNICalico, CNICanal, CNICilium, CNINone) }},
	{"pod-cidr", func(s Settings) string { return subnets(s.PodCIDRs()) }},
	{"service-cidr", serviceCIDR},
	{"label", clusterLabels},
	{"class", func(s Settings) string { return optional(s.Class, objectName) }},
	{"cni-bgp", bgp},
	{"fleet-addon-repo", func(s Settings) string { return optional(s.FleetAddonRepo, gitRepository) }},
	{"fleet-addon-branch", fleetBranch},
	{"fleet-addon-path", fleetPaths},
	{"class-namespace", func(s Settings) string { return optional(s.ClassNamespace, label) }},
	{"extra-disk", func(s Settings) string { return extraDisks(s.ExtraDisks) }},
	{"failure-domain", func(s Settings) string { return distinct(s.FailureDomains, failureDomain) }},
	{"cis-profile", func(s Settings) string {
		return optional(s.CISProfile, func(profile string) string { return oneOf(profile, cisProfiles...) })
	}},
	{"firmware", func(s Settings) string { return oneOf(s.Firmware, FirmwareBIOS, FirmwareEFI, FirmwareSecureBoot) }},
	{"tpm", func(s Settings) string { return oneOf(s.TPM, TPMNone, TPMEphemeral, TPMPersistent) }},
	{"interface", interfaceList},
	{"network-data-version", func(s Settings) string {
		return optional(s.NetworkDataVersion, func(version string) string { return oneOf(version, networkDataVersions...) })
	}},
	{"guest-quirk", guestQuirks},
	{"cni-mtu", mtu},
	{"cni-encapsulation", encapsulation},
	{"cni-values", networkValues},
	{"system-default-registry", func(s Settings) string { return optional(s.SystemDefaultRegistry, registryHost) }},
	{"registry-mirror", registryMirrors},
	{"registry-secret", func(s Settings) string { return optional(s.RegistrySecret, registrySecret) }},
	{"registry-tls-secret", registryTLSSecret},
	{"chart-repository", func(s Settings) string { return chartRepository(s.ChartRepository) }},
	{"capi-api-version", func(s Settings) string { return oneOf(s.ClusterAPIVersion, Versions()...) }},
	{"max-unhealthy", func(s Settings) string { return share(s.MaxUnhealthy) }},
	{"node-startup-timeout", func(s Settings) string { return duration(s.NodeStartupTimeout) }},
	{"unhealthy-timeout", func(s Settings) string { return duration(s.UnhealthyTimeout) }},
	{"cp-cpu", func(s Settings) string { return atLeast(s.ControlPlane.CPU, 0) }},
	{"cp-memory", func(s Settings) string { return optional(s.ControlPlane.Memory, memory) }},
	{"cp-disk-size", func(s Settings) string { return optional(s.ControlPlane.DiskSize, diskSize) }},
	{"cp-network", func(s Settings) string { return networkList(s.ControlPlane.Networks) }},
	{"cp-extra-disk", func(s Settings) string { return extraDisks(s.ControlPlane.ExtraDisks) }},
	{"worker-cpu", func(s Settings) string { return atLeast(s.Workers.CPU, 0) }},
	{"worker-memory", func(s Settings) string { return optional(s.Workers.Memory, memory) }},
	{"worker-disk-size", func(s Settings) string { return optional(s.Workers.DiskSize, diskSize) }},
	{"worker-network", func(s Settings) string { return networkList(s.Workers.Networks) }},
	{"worker-extra-disk", func(s Settings) string { return extraDisks(s.Workers.ExtraDisks) }},
}

// Problems returns everything that is wrong, in the order of Fields. It validates the settings as they were given; call it
// before or after Complete.
func (s Settings) Problems() []Problem {
	var problems []Problem
	for _, rule := range rules {
		if text := rule.check(s); text != "" {
			problems = append(problems, Problem{rule.flag, text})
		}
	}
	return problems
}

// Warnings returns what is legal and yet unlikely to be meant.
func (s Settings) Warnings() []Problem {
	var warnings []Problem
	if s.ControlPlaneReplicas > 0 && s.ControlPlaneReplicas%2 == 0 {
		warnings = append(warnings, Problem{"cp-replicas", fmt.Sprintf("%d is even: etcd then survives no more failures than with %d",
			s.ControlPlaneReplicas, s.ControlPlaneReplicas-1)})
	}
	if s.AirGapped && s.InstallGuestAgent {
		warnings = append(warnings, Problem{"install-guest-agent", "needs a repository of packages that machines reach with --air-gapped too; " +
			"set it to false if the image contains the agent"})
	}
	if s.IPPool != "" && len(s.IPPoolRefs) > 0 {
		warnings = append(warnings, Problem{"ip-pool", fmt.Sprintf("%q is not read: --ip-pool-refs wins; leave one out", s.IPPool)})
	}
	return append(warnings, s.fleetWarnings()...)
}

func clusterName(name string) string {
	if text := required(name, "choose a name for the cluster"); text != "" {
		return text
	}
	if len(name) > maxNameLength {
		return fmt.Sprintf("is %d characters long; choose one of at most %d", len(name), maxNameLength)
	}
	if len(validation.IsDNS1035Label(name)) > 0 {
		return fmt.Sprintf("%q is not a name of lower-case letters, digits and dashes that begins with a letter", name)
	}
	return ""
}

func networks(s Settings) string {
	if len(s.Networks) == 0 {
		return "is required: name a VM network on Harvester, such as default/production"
	}
	return networkList(s.Networks)
}

func networkList(networks []string) string {
	for _, network := range networks {
		if text := reference(network, "name a VM network on Harvester, such as default/production", true); text != "" {
			return text
		}
	}
	return ""
}

func poolRefs(s Settings) string {
	return distinct(s.IPPoolRefs, objectName)
}

func gateway(s Settings) string {
	if text := belongsToPool(s, s.Gateway); text != "" || s.Gateway == "" {
		return text
	}
	return address(s.Gateway)
}

func subnetMask(s Settings) string {
	if text := belongsToPool(s, s.SubnetMask); text != "" || s.SubnetMask == "" {
		return text
	}
	mask, err := netip.ParseAddr(s.SubnetMask)
	if err != nil || !contiguous(mask) {
		return fmt.Sprintf("%q is not a network mask, such as 255.255.0.0", s.SubnetMask)
	}
	if router, err := netip.ParseAddr(s.Gateway); err == nil && router.Is4() != mask.Is4() {
		return "and --gateway are of different address families: give both in IPv4 or both in IPv6"
	}
	return ""
}

func nameServers(s Settings) string {
	for _, server := range s.DNS {
		if len(s.Pools()) == 0 {
			return "is read with an address pool only: with DHCP the lease brings the name servers; leave it out or add --ip-pool"
		}
		if text := address(server); text != "" {
			return text
		}
	}
	return ""
}

func kubernetesVersion(s Settings) string {
	if !versionPattern.MatchString(s.KubernetesVersion) {
		return fmt.Sprintf("%q is not a version, such as v1.31.14 or v1.31.14+rke2r1", s.KubernetesVersion)
	}
	return ""
}

func loadBalancerPool(s Settings) string {
	if s.LoadBalancerPool != "" && s.LoadBalancerIPAM != IPAMPool {
		return "is read with --lb-ipam pool only: add that or leave it out"
	}
	return optional(s.LoadBalancerPool, objectName)
}

func serviceCIDR(s Settings) string {
	if text := subnets(s.ServiceCIDRs()); text != "" {
		return text
	}
	if subnets(s.PodCIDRs()) != "" {
		return "" // That is told of the other flag.
	}
	if len(s.ServiceCIDRs()) > len(s.PodCIDRs()) {
		return "has two ranges, and --pod-cidr one: give one of IPv4 and one of IPv6 in both"
	}
	for i, service := range s.ServiceCIDRs() {
		services := netip.MustParsePrefix(service)
		if first := netip.MustParsePrefix(s.PodCIDRs()[0]); i == 0 && first.Addr().Is4() != services.Addr().Is4() {
			return "and --pod-cidr begin with different address families: give both in the same order"
		}
		for _, pod := range s.PodCIDRs() {
			if pods := netip.MustParsePrefix(pod); services.Overlaps(pods) {
				return fmt.Sprintf("%s overlaps --pod-cidr %s: choose ranges apart", services, pods)
			}
		}
	}
	return ""
}

// belongsToPool validates the answers that count with an address pool only, and are required there.
func belongsToPool(s Settings, value string) string {
	pooled := len(s.Pools()) > 0
	switch {
	case pooled && value == "":
		return "is required with an address pool"
	case !pooled && value != "":
		return "is read with an address pool only: add --ip-pool or --ip-pool-refs, or leave it out for DHCP"
	}
	return ""
}
