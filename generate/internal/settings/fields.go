package settings

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Kind is what a Field's value is, in the words of JSON Schema.
type Kind string

// The kinds. Texts is a list of strings.
const (
	Text   Kind = "string"
	Texts  Kind = "array"
	Number Kind = "integer"
	Truth  Kind = "boolean"
)

// Field is one answer as a flag and as a question.
type Field struct {
	// Flag is the flag's name without dashes.
	Flag string
	// Usage is the flag's help.
	Usage string
	// Question is asked in interactive mode; empty means that only the flag sets the field.
	Question string
	// Kind is what the value is.
	Kind Kind
	// Choices are all values there are; empty means any.
	Choices []string
	// Asked tells whether the question makes sense after the answers so far; nil means always.
	Asked func() bool

	// commas tells that the text may hold several values, separated by commas.
	commas bool
	// short is the flag's letter; empty for none.
	short    string
	register func(*pflag.FlagSet, Field)
}

// Fields lists every answer, in the order in which an operator knows them, bound to s: setting a flag sets the field.
// The names and defaults of the first seventeen are those of the operations guide.
func Fields(s *Settings) []Field {
	pooled := func() bool { return len(s.Pools()) > 0 }
	return append([]Field{
		text("name", &s.Name, "name of the cluster (required)", "Name of the cluster"),
		text("namespace", &s.Namespace, "namespace of the cluster's objects in the management cluster (default: the cluster's name)",
			"Namespace in the management cluster, empty for the cluster's name").letter("n"),
		text("harvester-kubeconfig", &s.HarvesterKubeconfig, "file with the kubeconfig for Harvester (required)",
			"File with the kubeconfig for Harvester"),
		text("image", &s.Image, "VM image on Harvester, as namespace/name (required)", "VM image on Harvester, as namespace/name"),
		text("ssh-keypair", &s.SSHKeyPair, "key pair on Harvester, as namespace/name (required)",
			"SSH key pair on Harvester, as namespace/name"),
		texts("network", &s.Networks, "VM network on Harvester, as namespace/name; repeat it for more network interfaces (required)",
			"VM networks on Harvester, as namespace/name, separated by commas"),
		text("ip-pool", &s.IPPool, "address pool on Harvester for the machines (default: DHCP)",
			"Address pool on Harvester for the machines, empty for DHCP or several pools").when(func() bool { return len(s.IPPoolRefs) == 0 }),
		texts("ip-pool-refs", &s.IPPoolRefs, "address pools on Harvester for the machines, tried in this order; they win over --ip-pool",
			"Several address pools, in the order in which they are tried, separated by commas; empty for DHCP").when(func() bool { return s.IPPool == "" }),
		text("gateway", &s.Gateway, "default router of the machines; needed with a pool", "Default router of the machines").when(pooled),
		text("subnet-mask", &s.SubnetMask, "network mask of the machines, such as 255.255.0.0; needed with a pool",
			"Network mask of the machines").when(pooled),
		texts("dns", &s.DNS, "name servers of the machines, with a pool", "Name servers of the machines, separated by commas").when(pooled),
		number("cp-replicas", &s.ControlPlaneReplicas, "number of control-plane machines", "Number of control-plane machines"),
		number("worker-replicas", &s.WorkerReplicas, "number of worker machines", "Number of worker machines"),
		number("cpu", &s.CPU, "virtual CPU cores of a machine", "Virtual CPU cores of a machine"),
		text("memory", &s.Memory, "memory of a machine", "Memory of a machine"),
		text("disk-size", &s.DiskSize, "size of a machine's disk", "Size of a machine's disk"),
		text("k8s-version", &s.KubernetesVersion, "Kubernetes version; without a build, RKE2's first one (+rke2r1) is meant",
			"Kubernetes version"),

		text("target-namespace", &s.TargetNamespace, "namespace on Harvester for the machines (default: that of the first --network)", ""),
		text("ssh-user", &s.SSHUser, "user in the machines that the key pair is for", ""),
		text("lb-ipam", &s.LoadBalancerIPAM, "where the API server's address comes from: dhcp or pool", "").of(IPAMDHCP, IPAMPool),
		text("lb-ip-pool", &s.LoadBalancerPool, "address pool on Harvester for the API server, with --lb-ipam pool (default: Harvester chooses)", ""),
		text("cni", &s.CNI, "pod network: calico, canal, cilium or none", "").of(CNICalico, CNICanal, CNICilium, CNINone),
		number("cni-mtu", &s.CNIMTU, "largest packet of the pod network in bytes (default: what the network has)", ""),
		text("cni-encapsulation", &s.CNIEncapsulation, "how Calico's packets travel between machines", "").of(encapsulations...),
		truth("cni-bgp", &s.CNIBGP, "have Calico tell the routes of pods by BGP", ""),
		text("cni-values", &s.CNIValues, "file with Helm values for RKE2's chart of the pod network, over those of the other flags", ""),
		text("pod-cidr", &s.PodCIDR, "addresses of pods; with a comma one range of IPv4 and one of IPv6", "").several(),
		text("service-cidr", &s.ServiceCIDR, "addresses of services; with a comma one range of IPv4 and one of IPv6", "").several(),
		truth("rancher-auto-import", &s.RancherAutoImport, "label the cluster for import into Rancher by Turtles", ""),
		texts("label", &s.Labels, "label of the Cluster, as key=value; repeat it for more", ""),
		text("class", &s.Class, "ClusterClass of the cluster; another one must have the variables of harvester-rke2", ""),
		text("class-namespace", &s.ClassNamespace, "namespace of the ClusterClass (default: that of the cluster)", ""),
		texts("extra-disk", &s.ExtraDisks, "further empty disk of a machine, as storageclass:size or size:storageclass; repeat it for more", ""),
		texts("failure-domain", &s.FailureDomains,
			"failure domain on Harvester for workers; repeat it to spread them, with one MachineDeployment each", ""),
		text("fleet-addon-repo", &s.FleetAddonRepo,
			"Git repository with the addons, which Rancher's Fleet installs in the place of ClusterResourceSets", ""),
		text("fleet-addon-branch", &s.FleetAddonBranch, "branch of --fleet-addon-repo (default: "+defaultFleetBranch+")", ""),
		texts("fleet-addon-path", &s.FleetAddonPaths, "directory in --fleet-addon-repo; repeat it for more (default: all of it)", ""),
		text("cis-profile", &s.CISProfile, "CIS benchmark profile that RKE2 enforces, such as cis (default: none)", "").of(cisProfiles...),
		truth("fips", &s.FIPS, "start Kubernetes only on machines whose kernel is in FIPS mode", ""),
		text("firmware", &s.Firmware, "how the machines boot: bios, efi, or secure-boot by signed code only", "").
			of(FirmwareBIOS, FirmwareEFI, FirmwareSecureBoot),
		text("tpm", &s.TPM, "virtual Trusted Platform Module of the machines; a persistent one keeps its state over restarts", "").
			of(TPMNone, TPMEphemeral, TPMPersistent),
		text("capi-api-version", &s.ClusterAPIVersion, "version of Cluster API's objects: v1beta1, which every supported one serves, or v1beta2", "").
			of(Versions()...),
		text("max-unhealthy", &s.MaxUnhealthy, "how many machines may be unhealthy for one to be replaced, as a number or a percentage", ""),
		text("node-startup-timeout", &s.NodeStartupTimeout, "how long a new machine may take to become a node", ""),
		text("unhealthy-timeout", &s.UnhealthyTimeout, "how long a node may be not ready before it is replaced", ""),
	}, slices.Concat(guestFields(s), imageFields(s), roleFields(s))...)
}

// imageFields say where images and charts come from, for machines that do not reach the public registries.
func imageFields(s *Settings) []Field {
	return []Field{
		text("system-default-registry", &s.SystemDefaultRegistry, "registry, as host:port, that images of RKE2 and of the addons are pulled from", ""),
		texts("registry-mirror", &s.RegistryMirrors,
			"mirror of a registry, as registry=URL, with * for every registry; repeat it for more, tried in this order", ""),
		text("registry-secret", &s.RegistrySecret,
			"Secret with username and password for a registry, as registry=secret, in the namespace of the cluster", ""),
		text("registry-tls-secret", &s.RegistryTLSSecret,
			"Secret with ca.crt of a registry, as registry=secret, in the namespace of the cluster", ""),
		truth("air-gapped", &s.AirGapped, "install RKE2 from files in the VM image, without the internet", ""),
		text("chart-repository", &s.ChartRepository, "repository of the charts of the cloud provider and the CSI driver", ""),
	}
}

// roleFields set the machines of one role apart.
func roleFields(s *Settings) []Field {
	return []Field{
		number("cp-cpu", &s.ControlPlane.CPU, "virtual CPU cores of a control-plane machine (default: --cpu)", ""),
		text("cp-memory", &s.ControlPlane.Memory, "memory of a control-plane machine (default: --memory)", ""),
		text("cp-disk-size", &s.ControlPlane.DiskSize, "size of a control-plane machine's disk (default: --disk-size)", ""),
		texts("cp-network", &s.ControlPlane.Networks, "VM network of control-plane machines; repeatable (default: --network)", ""),
		texts("cp-extra-disk", &s.ControlPlane.ExtraDisks, "further disk of a control-plane machine (default: --extra-disk)", ""),
		number("worker-cpu", &s.Workers.CPU, "virtual CPU cores of a worker (default: --cpu)", ""),
		text("worker-memory", &s.Workers.Memory, "memory of a worker (default: --memory)", ""),
		text("worker-disk-size", &s.Workers.DiskSize, "size of a worker's disk (default: --disk-size)", ""),
		texts("worker-network", &s.Workers.Networks, "VM network of workers; repeatable (default: --network)", ""),
		texts("worker-extra-disk", &s.Workers.ExtraDisks, "further disk of a worker (default: --extra-disk)", ""),
	}
}

// Register adds the field as a flag. The field's present value is the flag's default.
func (f Field) Register(flags *pflag.FlagSet) { f.register(flags, f) }

func (f Field) of(choices ...string) Field {
	f.Choices = choices
	return f
}

func (f Field) letter(short string) Field {
	f.short = short
	return f
}

func (f Field) several() Field {
	f.commas = true
	return f
}

func (f Field) when(asked func() bool) Field {
	f.Asked = asked
	return f
}

func text(flag string, target *string, usage, question string) Field {
	return Field{Kind: Text, Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.StringVarP(target, f.Flag, f.short, *target, f.Usage)
	}}
}

func texts(flag string, target *[]string, usage, question string) Field {
	return Field{Kind: Texts, Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.Var(&textList{target: target}, f.Flag, f.Usage)
		flags.Lookup(f.Flag).DefValue = "[" + strings.Join(*target, ",") + "]"
	}}
}

func number(flag string, target *int, usage, question string) Field {
	return Field{Kind: Number, Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.IntVar(target, f.Flag, *target, f.Usage)
	}}
}

//nolint:unparam // the same shape as its siblings
func truth(flag string, target *bool, usage, question string) Field {
	return Field{Kind: Truth, Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.BoolVar(target, f.Flag, *target, f.Usage)
	}}
}
