package validation

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/class"
)

// projection says what one variable of the ClusterClass becomes.
type projection struct {
	Variable string `json:"variable"`
	// Kind and At are the object and the field in it that take the value.
	Kind string `json:"kind"`
	At   string `json:"at"`
	// With names variables of which one must be set for this one to be read.
	With []string `json:"with,omitempty"`
}

// setting is a variable's value and where the Cluster gives it.
type setting struct {
	value any
	path  string
}

// validateVariables validates the objects that a Cluster's variables become, by the rules of those objects, and points at
// the variables. A part of the topology that overrides variables is validated once more, and findings in what it
// overrides are its own.
func (e *Engine) validateVariables(cluster, bundle map[string]any, used *class.Class) []Finding {
	const base = "spec.topology.variables"
	p := projector{engine: e, cluster: cluster, bundle: bundle, class: used}
	common := settingsAt(cluster, base)
	findings := p.validate(common, base)
	for _, part := range parts(cluster) {
		path := part + ".variables.overrides"
		own := settingsAt(cluster, path)
		if len(own) == 0 {
			continue
		}
		all := maps.Clone(common)
		maps.Copy(all, own)
		for _, finding := range p.validate(all, path) {
			if strings.HasPrefix(finding.Path, path+"[") {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// projector makes objects from the variables of one Cluster.
type projector struct {
	engine          *Engine
	cluster, bundle map[string]any
	class           *class.Class
}

// parts are the places of a topology that may override variables.
func parts(cluster map[string]any) []string {
	list := []string{"spec.topology.controlPlane"}
	for _, workers := range []string{"spec.topology.workers.machineDeployments", "spec.topology.workers.machinePools"} {
		items, _ := nested(cluster, workers).([]any)
		for i := range items {
			list = append(list, workers+"["+strconv.Itoa(i)+"]")
		}
	}
	return list
}

func settingsAt(cluster map[string]any, path string) map[string]setting {
	settings := map[string]setting{}
	items, _ := nested(cluster, path).([]any)
	for i, item := range items {
		variable, _ := item.(map[string]any)
		name, _ := variable["name"].(string)
		if value, ok := variable["value"]; ok && name != "" {
			settings[name] = setting{value: value, path: path + "[" + strconv.Itoa(i) + "].value"}
		}
	}
	return settings
}

// validate returns what the rules of the objects find. One fault is told once, and what could not be checked once for each
// variable.
func (p projector) validate(settings map[string]setting, missing string) []Finding {
	var findings []Finding
	for _, kind := range []string{"HarvesterCluster", "HarvesterMachine"} {
		run := evaluation{object: p.project(kind, settings), bundle: p.bundle}
		p.engine.run(kind, &run)
		for _, finding := range run.findings {
			finding, ok := p.pointAtVariable(kind, finding, settings, missing)
			known := slices.ContainsFunc(findings, func(f Finding) bool {
				return f == finding || f.Unchecked && finding.Unchecked && f.Path == finding.Path
			})
			if ok && !known {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// project makes the object of a kind as the ClusterClass would, as far as rules look at it.
func (p projector) project(kind string, settings map[string]setting) map[string]any {
	spec := map[string]any{}
	if kind == "HarvesterCluster" {
		spec["identitySecret"] = map[string]any{"namespace": cmp.Or(namespaceOf(p.cluster), "default")}
	}
	object := map[string]any{
		"apiVersion": Group + "/v1beta1", "kind": kind, "spec": spec,
		"metadata": map[string]any{
			"namespace": namespaceOf(p.cluster), "labels": map[string]any{clusterNameLabel: nameOf(p.cluster)},
		},
	}
	for _, to := range p.engine.catalog.project {
		if to.Kind != kind || len(to.With) > 0 && !p.anySet(settings, to.With) {
			continue
		}
		if value := p.value(to.Variable, settings); !isEmpty(value) {
			put(object, to.At, value)
		}
	}
	return object
}

// value is what the class makes of a variable: what the Cluster gives, or the class's default.
func (p projector) value(name string, settings map[string]setting) any {
	declared, ok := p.class.Variable(name)
	if !ok {
		return nil
	}
	if s, set := settings[name]; set {
		return class.WithDefaults(declared.Schema, s.value)
	}
	value, _ := declared.Default()
	return value
}

func (p projector) anySet(settings map[string]setting, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return !isEmpty(p.value(name, settings)) })
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

func put(object map[string]any, path string, value any) {
	steps := splitPath(path)
	for _, step := range steps[:len(steps)-1] {
		next, ok := object[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[step] = next
		}
		object = next
	}
	object[steps[len(steps)-1]] = value
}

// pointAtVariable turns a finding about the projected object into one about the variable that the value came from. What
// comes from a variable that is not set is missing: it belongs to the list of variables, and its message names the
// variable. It is not ok for what the class does not take from a variable, or for one that rule CT004 misses already.
func (p projector) pointAtVariable(kind string, finding Finding, settings map[string]setting, missing string) (Finding, bool) {
	for _, to := range p.engine.catalog.project {
		s, set := settings[to.Variable]
		if _, declared := p.class.Variable(to.Variable); to.Kind != kind || !set || !declared {
			continue
		}
		if strings.HasPrefix(to.At, finding.Path+".") {
			finding.Path = s.path
			return finding, true
		}
		if rest, ok := strings.CutPrefix(finding.Path, to.At); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			finding.Path = s.path + rest
			return finding, true
		}
	}
	// Another class may fill fields by itself.
	if p.class.Name != class.Shipped {
		return finding, false
	}
	for _, to := range p.engine.catalog.project {
		declared, ok := p.class.Variable(to.Variable)
		if to.Kind != kind || !ok || !inOneLine(to.At, finding.Path) {
			continue
		}
		_, hasDefault := declared.Default()
		finding.Path, finding.Message = missing, `variable "`+to.Variable+`" `+finding.Message
		return finding, hasDefault || !declared.Required
	}
	return finding, false
}

// inOneLine tells whether one of two paths is the other, or lies in it.
func inOneLine(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}
