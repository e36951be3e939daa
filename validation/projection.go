package validation

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// projection says what one variable of the ClusterClass becomes.
type projection struct {
	Variable string `json:"variable"`
	// Kind and At are the object and the field in it that take the value.
	Kind string `json:"kind"`
	At   string `json:"at"`
	// Default is what the ClusterClass gives where the Cluster does not.
	Default any `json:"default,omitempty"`
	// With names variables of which one must be set for this one to be read.
	With []string `json:"with,omitempty"`
}

// setting is a variable's value and where the Cluster gives it.
type setting struct {
	value any
	path  string
}

// judgeVariables judges the objects that a Cluster's variables become, by the rules of those objects, and points at
// the variables. A part of the topology that overrides variables is judged once more, and findings in what it
// overrides are its own.
func (e *Engine) judgeVariables(cluster, bundle map[string]any) []Finding {
	const base = "spec.topology.variables"
	common := settingsAt(cluster, base)
	findings := e.judgeSettings(cluster, bundle, common, base)
	for _, part := range parts(cluster) {
		path := part + ".variables.overrides"
		own := settingsAt(cluster, path)
		if len(own) == 0 {
			continue
		}
		all := map[string]setting{}
		for _, settings := range []map[string]setting{common, own} {
			for name, s := range settings {
				all[name] = s
			}
		}
		for _, finding := range e.judgeSettings(cluster, bundle, all, path) {
			if strings.HasPrefix(finding.Path, path+"[") {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// parts are the places of a topology that may override variables.
func parts(cluster map[string]any) []string {
	list := []string{"spec.topology.controlPlane"}
	const deployments = "spec.topology.workers.machineDeployments"
	items, _ := nested(cluster, deployments).([]any)
	for i := range items {
		list = append(list, deployments+"["+strconv.Itoa(i)+"]")
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

func (e *Engine) judgeSettings(cluster, bundle map[string]any, settings map[string]setting, missing string) []Finding {
	var findings []Finding
	for _, kind := range []string{"HarvesterCluster", "HarvesterMachine"} {
		run := evaluation{object: e.project(kind, cluster, settings), bundle: bundle}
		e.run(kind, &run)
		for _, finding := range run.findings {
			finding.Path = e.variablePath(kind, finding.Path, settings, missing)
			if !slices.Contains(findings, finding) {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// project makes the object of a kind as the ClusterClass would, as far as rules look at it.
func (e *Engine) project(kind string, cluster map[string]any, settings map[string]setting) map[string]any {
	spec := map[string]any{}
	if kind == "HarvesterCluster" {
		spec["identitySecret"] = map[string]any{"namespace": cmp.Or(namespaceOf(cluster), "default")}
	}
	object := map[string]any{
		"apiVersion": Group + "/v1beta1", "kind": kind, "spec": spec,
		"metadata": map[string]any{"namespace": namespaceOf(cluster), "labels": map[string]any{clusterNameLabel: nameOf(cluster)}},
	}
	for _, p := range e.catalog.project {
		if p.Kind != kind || len(p.With) > 0 && !anySet(settings, p.With) {
			continue
		}
		value := p.Default
		if s, ok := settings[p.Variable]; ok {
			value = s.value
		}
		if !isEmpty(value) {
			put(object, p.At, value)
		}
	}
	return object
}

func anySet(settings map[string]setting, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return !isEmpty(settings[name].value) })
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

// variablePath turns a path of the projected object into that of the variable it came from. What comes from no
// variable that is set is missing, and the list of variables is where it belongs.
func (e *Engine) variablePath(kind, path string, settings map[string]setting, missing string) string {
	for _, p := range e.catalog.project {
		s, set := settings[p.Variable]
		if p.Kind != kind || !set {
			continue
		}
		if strings.HasPrefix(p.At, path+".") {
			return s.path
		}
		if rest, ok := strings.CutPrefix(path, p.At); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return s.path + rest
		}
	}
	return missing
}
