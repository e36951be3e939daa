package alerts

import (
	"slices"
	"time"
)

// Severity says who has to look, and when.
type Severity string

// The severities.
const (
	// SeverityCritical means that clusters cannot be made or repaired now: wake someone.
	SeverityCritical Severity = "critical"
	// SeverityWarning means that something needs attention within the day.
	SeverityWarning Severity = "warning"
	// SeverityInfo means that something is due.
	SeverityInfo Severity = "info"
)

// Job is the label job of the manager's series: Prometheus' operator takes it from the name of the metrics Service.
const Job = "caphv-controller-manager-metrics-service"

// runbooks is where the pages are, one for each name of an alert.
const runbooks = "https://github.com/rancher-sandbox/cluster-api-provider-harvester/blob/main/docs/runbooks/"

// Rule is one alerting rule.
type Rule struct {
	// Alert is the name, UpperCamelCase with the prefix CAPHV. Rules of one name differ in their severity.
	Alert string
	// Expr is the PromQL expression; the alert is pending for each series of its result.
	Expr string
	// For is how long the expression has to hold.
	For time.Duration
	// Severity becomes the label severity.
	Severity Severity
	// Summary and Description are Prometheus templates for a person to read.
	Summary, Description string
}

// Runbook is the address of the page that leads to a cure.
func (r Rule) Runbook() string { return runbooks + r.Alert + ".md" }

// Rules returns all rules, those of the operations guide first. The caller owns the result.
func Rules() []Rule {
	return slices.Concat(guideRules(), managerRules(), objectRules(), credentialRules())
}

// Names returns the name of every alert once, in the order of Rules.
func Names() []string {
	var names []string
	for _, rule := range Rules() {
		if !slices.Contains(names, rule.Alert) {
			names = append(names, rule.Alert)
		}
	}
	return names
}

// Inhibition keeps alerts from being sent while another fires that explains them.
type Inhibition struct {
	// Source is the alert that explains.
	Source string
	// Targets are the alerts that it explains.
	Targets []string
	// Equal are the labels that both must have in common.
	Equal []string
}

// Inhibitions returns what Alertmanager should be told to hold back. The caller owns the result.
func Inhibitions() []Inhibition {
	equal := slices.Clone(ofCluster)
	return []Inhibition{
		{
			Source:  HarvesterUnreachable,
			Targets: []string{ClusterNotReady, MachineNotReady, MachineDeletionStuck, IPPoolAllocationErrors},
			Equal:   equal,
		},
		{Source: ClusterNotReady, Targets: []string{MachineNotReady}, Equal: equal},
		{Source: EtcdQuorumAtRisk, Targets: []string{MachineDeletionStuck}, Equal: equal},
	}
}
