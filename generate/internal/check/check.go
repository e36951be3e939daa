package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// flags say by which flag a field of the preview is set, the longest path first.
var flags = []struct{ kind, path, flag string }{
	{"HarvesterCluster", "spec.identitySecret", "name"},
	{"HarvesterCluster", "spec.targetNamespace", "target-namespace"},
	{"HarvesterCluster", "spec.loadBalancerConfig.ipPoolRef", "lb-ip-pool"},
	{"HarvesterCluster", "spec.loadBalancerConfig", "lb-ipam"},
	{"HarvesterCluster", "spec.vmNetworkConfig.gateway", "gateway"},
	{"HarvesterCluster", "spec.vmNetworkConfig.subnetMask", "subnet-mask"},
	{"HarvesterCluster", "spec.vmNetworkConfig.dnsServers", "dns"},
	{"HarvesterCluster", "spec.vmNetworkConfig.ipPoolRefs", "ip-pool-refs"},
	{"HarvesterCluster", "spec.vmNetworkConfig", "ip-pool"},
	{"HarvesterMachine", "spec.cpu", "cpu"},
	{"HarvesterMachine", "spec.memory", "memory"},
	{"HarvesterMachine", "spec.sshUser", "ssh-user"},
	{"HarvesterMachine", "spec.sshKeyPair", "ssh-keypair"},
	{"HarvesterMachine", "spec.volumes[0].imageName", "image"},
	{"HarvesterMachine", "spec.volumes[0]", "disk-size"},
	{"HarvesterMachine", "spec.volumes[", "extra-disk"},
	{"HarvesterMachine", "spec.volumes", "disk-size"},
	{"HarvesterMachine", "spec.networks", "network"},
	{"HarvesterMachine", "spec.networkInterfaces", "interface"},
	{"HarvesterMachine", "spec.guest.quirks", "guest-quirk"},
	{"HarvesterMachine", "spec.guest", "network-data-version"},
	{"HarvesterMachine", "spec.firmware", "firmware"},
	{"HarvesterMachine", "spec.tpm", "tpm"},
	{"MachineHealthCheck", "spec.nodeStartupTimeout", "node-startup-timeout"},
	{"MachineHealthCheck", "spec.checks.nodeStartupTimeout", "node-startup-timeout"},
	{"MachineHealthCheck", "spec.unhealthyConditions", "unhealthy-timeout"},
	{"MachineHealthCheck", "spec", "max-unhealthy"},
	{"Cluster", "spec.clusterNetwork.pods", "pod-cidr"},
	{"Cluster", "spec.clusterNetwork.services", "service-cidr"},
	{"Cluster", "spec.topology.version", "k8s-version"},
}

// rules are compiled once, and only those that are needed; an Engine is safe for concurrent use.
var rules = sync.OnceValues(validation.NewLazyEngine)

// Findings are what the rules say, errors apart from what is legal but unlikely to be meant.
type Findings struct {
	Errors, Warnings []string
	// rules are those that found something.
	rules map[string]bool
}

// Run validates what the ClusterClass will make of the settings, and those of the objects that the rules know. Each finding
// names the flag behind the field. An error means that the rules themselves could not be run.
func Run(s settings.Settings, objects []*unstructured.Unstructured) (Findings, error) {
	engine, err := rules()
	if err != nil {
		return Findings{}, err
	}
	validated, err := preview(s)
	if err != nil {
		return Findings{}, err
	}
	var findings Findings
	for _, object := range validated {
		for _, finding := range engine.Validate(object.object, nil, validation.Options{}) {
			findings.add(describe(s, object, finding), finding)
		}
	}
	known := maps.Clone(findings.rules)
	bundle := make([]map[string]any, 0, len(objects))
	for _, object := range objects {
		bundle = append(bundle, object.Object)
	}
	for i, result := range engine.ValidateBundle(bundle) {
		for _, finding := range result.Findings {
			// The preview found it too, and names the flag; and settings warn of an even control plane themselves.
			if known[finding.RuleID] || finding.RuleID == evenControlPlane {
				continue
			}
			findings.add(describe(s, previewed{object: bundle[i]}, finding), finding)
		}
	}
	return findings, nil
}

// evenControlPlane is the rule about the number of control-plane machines.
const evenControlPlane = "CT003"

func (f *Findings) add(text string, finding validation.Finding) {
	switch finding.Severity {
	case validation.Error:
		f.Errors = appendNew(f.Errors, text)
	case validation.Warning:
		f.Warnings = appendNew(f.Warnings, text)
	case validation.Info: // a gap that the ClusterClass fills
		return
	}
	if f.rules == nil {
		f.rules = make(map[string]bool)
	}
	f.rules[finding.RuleID] = true
}

// Of is what the rules have against the answer of one flag while others may still be missing; empty for nothing.
func Of(s settings.Settings, flag string) string {
	findings, err := Run(s, nil)
	if err != nil { // Settings that cannot be previewed yet have problems of their own.
		return ""
	}
	for _, text := range findings.Errors {
		if strings.HasPrefix(text, "--"+flag+": ") {
			return text
		}
	}
	return ""
}

// appendNew leaves out what the other role's machine had said already.
func appendNew(texts []string, text string) []string {
	if slices.Contains(texts, text) {
		return texts
	}
	return append(texts, text)
}

func describe(s settings.Settings, validated previewed, finding validation.Finding) string {
	kind, _ := validated.object["kind"].(string)
	at := slices.IndexFunc(flags, func(f struct{ kind, path, flag string }) bool {
		return f.kind == kind && strings.HasPrefix(finding.Path, f.path)
	})
	where := kind + " " + finding.Path
	if at >= 0 {
		where = "--" + ofRole(s, validated.role, flags[at].flag)
	}
	return fmt.Sprintf("%s: %s [%s]; %s", where, finding.Message, finding.RuleID, finding.Remediation)
}

// ofRole names the role's own flag when that is where the value comes from.
func ofRole(s settings.Settings, role settings.Role, flag string) string {
	different := s.Overrides(role)
	own := map[string]bool{
		"cpu":        different.CPU != 0,
		"memory":     different.Memory != "",
		"disk-size":  different.DiskSize != "",
		"network":    len(different.Networks) > 0,
		"extra-disk": len(different.ExtraDisks) > 0,
	}
	if role != "" && own[flag] {
		return string(role) + "-" + flag
	}
	return flag
}
