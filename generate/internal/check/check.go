package check

import (
	"fmt"
	"slices"

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
	{"HarvesterMachine", "spec.volumes", "disk-size"},
	{"HarvesterMachine", "spec.networks", "network"},
}

// Findings are what the rules say, errors apart from what is legal but unlikely to be meant.
type Findings struct{ Errors, Warnings []string }

// Run judges what the ClusterClass will make of the settings, and those of the objects that the rules know. Each finding
// names the flag behind the field. An error means that the rules themselves could not be run.
func Run(s settings.Settings, objects []*unstructured.Unstructured) (Findings, error) {
	engine, err := validation.NewEngine()
	if err != nil {
		return Findings{}, err
	}
	judged, err := preview(s)
	if err != nil {
		return Findings{}, err
	}
	for _, object := range objects {
		judged = append(judged, object.Object)
	}
	var findings Findings
	for _, object := range judged {
		for _, finding := range engine.Validate(object, nil, validation.Options{}) {
			text := describe(object, finding)
			switch finding.Severity {
			case validation.Error:
				findings.Errors = append(findings.Errors, text)
			case validation.Warning:
				findings.Warnings = append(findings.Warnings, text)
			case validation.Info: // a gap that the ClusterClass fills
			}
		}
	}
	return findings, nil
}

func describe(object map[string]any, finding validation.Finding) string {
	kind, _ := object["kind"].(string)
	at := slices.IndexFunc(flags, func(f struct{ kind, path, flag string }) bool {
		return f.kind == kind && len(finding.Path) >= len(f.path) && finding.Path[:len(f.path)] == f.path
	})
	where := kind + " " + finding.Path
	if at >= 0 {
		where = "--" + flags[at].flag
	}
	return fmt.Sprintf("%s: %s [%s]; %s", where, finding.Message, finding.RuleID, finding.Remediation)
}
