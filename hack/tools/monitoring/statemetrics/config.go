// Package statemetrics writes the configuration by which kube-state-metrics makes series of our kinds.
package statemetrics

// The types below are the part of kube-state-metrics' configuration that is used
// (https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/extend/customresourcestate-metrics.md).

// Config is the file for --custom-resource-state-config-file.
type Config struct {
	Kind string `yaml:"kind"`
	Spec Spec   `yaml:"spec"`
}

// Spec lists the kinds.
type Spec struct {
	Resources []Resource `yaml:"resources"`
}

// Resource is one kind with its metrics.
type Resource struct {
	GroupVersionKind GroupVersionKind    `yaml:"groupVersionKind"`
	MetricNamePrefix string              `yaml:"metricNamePrefix"`
	LabelsFromPath   map[string][]string `yaml:"labelsFromPath"`
	Metrics          []Metric            `yaml:"metrics"`
}

// GroupVersionKind names the kind.
type GroupVersionKind struct {
	Group   string `yaml:"group"`
	Version string `yaml:"version"`
	Kind    string `yaml:"kind"`
}

// Metric is one family; its name follows the prefix of its kind.
type Metric struct {
	Name string `yaml:"name"`
	Help string `yaml:"help"`
	// ErrorLogV is from which verbosity on it is logged that an object lacks the path; 0 always.
	ErrorLogV int  `yaml:"errorLogV,omitempty"`
	Each      Each `yaml:"each"`
}

// Each says how an object becomes series. Exactly one of the last three is set, as Type says.
type Each struct {
	Type     string    `yaml:"type"`
	Gauge    *Gauge    `yaml:"gauge,omitempty"`
	Info     *Info     `yaml:"info,omitempty"`
	StateSet *StateSet `yaml:"stateSet,omitempty"`
}

// Gauge is a number, a boolean or a time. Paths but the first are relative to it, and to each element where it leads to a list.
type Gauge struct {
	Path           []string            `yaml:"path,flow"`
	LabelsFromPath map[string][]string `yaml:"labelsFromPath,omitempty"`
	ValueFrom      []string            `yaml:"valueFrom,omitempty,flow"`
	// NilIsZero makes what is absent 0.
	NilIsZero bool `yaml:"nilIsZero,omitempty"`
}

// Info is always 1; its labels say something.
type Info struct {
	Path           []string            `yaml:"path,omitempty,flow"`
	LabelsFromPath map[string][]string `yaml:"labelsFromPath"`
}

// StateSet has a series for each value of the list, 1 for the one that holds.
type StateSet struct {
	LabelName      string              `yaml:"labelName"`
	LabelsFromPath map[string][]string `yaml:"labelsFromPath,omitempty"`
	List           []string            `yaml:"list,flow"`
	Path           []string            `yaml:"path,flow"`
	ValueFrom      []string            `yaml:"valueFrom,flow"`
}
