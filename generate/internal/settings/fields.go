package settings

import "github.com/spf13/pflag"

// Field is one answer as a flag and as a question.
type Field struct {
	// Flag is the flag's name without dashes.
	Flag string
	// Usage is the flag's help.
	Usage string
	// Question is asked in interactive mode; empty means that only the flag sets the field.
	Question string
	// Choices are all values there are; empty means any.
	Choices []string

	register func(*pflag.FlagSet, Field)
}

// Fields lists every answer, in the order in which an operator knows them, bound to s: setting a flag sets the field.
// The names and defaults of the first seventeen are those of the operations guide.
func Fields(s *Settings) []Field {
	return []Field{
		text("name", &s.Name, "name of the cluster (required)", "Name of the cluster"),
		text("namespace", &s.Namespace, "namespace of the cluster's objects in the management cluster (default: the cluster's name)",
			"Namespace in the management cluster, empty for the cluster's name"),
		text("harvester-kubeconfig", &s.HarvesterKubeconfig, "file with the kubeconfig for Harvester (required)",
			"File with the kubeconfig for Harvester"),
		text("image", &s.Image, "VM image on Harvester, as namespace/name (required)", "VM image on Harvester, as namespace/name"),
		text("ssh-keypair", &s.SSHKeyPair, "key pair on Harvester, as namespace/name (required)",
			"SSH key pair on Harvester, as namespace/name"),
		texts("network", &s.Networks, "VM network on Harvester, as namespace/name; repeat it for more network cards (required)",
			"VM networks on Harvester, as namespace/name, separated by commas"),
		text("ip-pool", &s.IPPool, "address pool on Harvester for the machines (default: DHCP)",
			"Address pool on Harvester for the machines, empty for DHCP or several pools"),
		texts("ip-pool-refs", &s.IPPoolRefs, "address pools on Harvester for the machines, tried in this order; instead of --ip-pool",
			"Several address pools, in the order in which they are tried, separated by commas"),
		text("gateway", &s.Gateway, "default router of the machines; needed with a pool", "Default router of the machines, with a pool"),
		text("subnet-mask", &s.SubnetMask, "network mask of the machines, such as 255.255.0.0; needed with a pool",
			"Network mask of the machines, with a pool"),
		texts("dns", &s.DNS, "name servers of the machines, with a pool", "Name servers of the machines, separated by commas, with a pool"),
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
		text("pod-cidr", &s.PodCIDR, "addresses of pods", ""),
		text("service-cidr", &s.ServiceCIDR, "addresses of services", ""),
		truth("rancher-auto-import", &s.RancherAutoImport, "label the cluster for import into Rancher by Turtles", ""),
	}
}

// Register adds the field as a flag. The field's present value is the flag's default.
func (f Field) Register(flags *pflag.FlagSet) { f.register(flags, f) }

func (f Field) of(choices ...string) Field {
	f.Choices = choices
	return f
}

func text(flag string, target *string, usage, question string) Field {
	return Field{Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.StringVar(target, f.Flag, *target, f.Usage)
	}}
}

func texts(flag string, target *[]string, usage, question string) Field {
	return Field{Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.StringSliceVar(target, f.Flag, *target, f.Usage)
	}}
}

func number(flag string, target *int, usage, question string) Field {
	return Field{Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.IntVar(target, f.Flag, *target, f.Usage)
	}}
}

func truth(flag string, target *bool, usage, question string) Field {
	return Field{Flag: flag, Usage: usage, Question: question, register: func(flags *pflag.FlagSet, f Field) {
		flags.BoolVar(target, f.Flag, *target, f.Usage)
	}}
}
