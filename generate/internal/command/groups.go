package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groups are the headings of help, in their order, with the flags below each. A flag that is in none stands below the last.
var groups = []struct {
	heading string
	flags   []string
}{
	{"The cluster", []string{"name", "namespace", "harvester-kubeconfig", "k8s-version", "cp-replicas", "worker-replicas",
		"class", "class-namespace", "label", "rancher-auto-import", "target-namespace", "capi-api-version"}},
	{"Machines", []string{"image", "ssh-keypair", "ssh-user", "cpu", "memory", "disk-size", "extra-disk", "network", "firmware", "tpm",
		"guest-quirk", "install-guest-agent", "failure-domain", "cp-cpu", "cp-memory", "cp-disk-size", "cp-network", "cp-extra-disk",
		"worker-cpu", "worker-memory", "worker-disk-size", "worker-network", "worker-extra-disk"}},
	{"Addresses", []string{"ip-pool", "ip-pool-refs", "gateway", "subnet-mask", "dns", "interface", "network-data-version", "lb-ipam", "lb-ip-pool"}},
	{"Pod network", []string{"cni", "cni-mtu", "cni-encapsulation", "cni-bgp", "cni-values", "pod-cidr", "service-cidr"}},
	{"Addons by Rancher's Fleet", []string{"fleet-addon-repo", "fleet-addon-branch", "fleet-addon-path"}},
	{"Security", []string{"cis-profile", "fips"}},
	{"Without the internet", []string{"system-default-registry", "registry-mirror", "registry-secret", "registry-tls-secret", "air-gapped",
		"chart-repository"}},
	{"Health", []string{"max-unhealthy", "node-startup-timeout", "unhealthy-timeout"}},
	{"Input and output", []string{"values", "recursive", "interactive", "output", "split-secrets"}},
	{"Checking and applying", []string{"preflight", "preflight-format", "apply", "dry-run", "force-conflicts", "wait", "timeout", "kubeconfig", "context"}},
}

//nolint:gochecknoinits // cobra has one table of functions for the whole program
func init() { cobra.AddTemplateFunc("groupedFlags", groupedFlags) }

// grouped has help show a command's flags below headings.
func grouped(command *cobra.Command) {
	const plain = "Flags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}"
	command.SetUsageTemplate(strings.Replace(command.UsageTemplate(), plain, "{{groupedFlags .LocalFlags | trimTrailingWhitespaces}}", 1))
}

func groupedFlags(flags *pflag.FlagSet) string {
	var text strings.Builder
	shown := make(map[string]bool)
	for _, group := range groups {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		set.SortFlags = false
		for _, name := range group.flags {
			if flag := flags.Lookup(name); flag != nil {
				set.AddFlag(flag)
				shown[name] = true
			}
		}
		// A few flags need no headings.
		if set.HasAvailableFlags() && flags.Lookup("image") != nil {
			text.WriteString(group.heading + ":\n" + set.FlagUsages() + "\n")
			continue
		}
		for _, name := range group.flags {
			delete(shown, name)
		}
	}
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	rest.SortFlags = flags.SortFlags
	flags.VisitAll(func(flag *pflag.Flag) {
		if !shown[flag.Name] {
			rest.AddFlag(flag)
		}
	})
	return text.String() + "Flags:\n" + rest.FlagUsages()
}
