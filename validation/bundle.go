package validation

import (
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
)

const (
	clusterAPIGroup  = "cluster.x-k8s.io"
	clusterNameLabel = clusterAPIGroup + "/cluster-name"
	// clusterClass is the name of the ClusterClass that the provider ships; clusters of others are not judged.
	clusterClass = "harvester-rke2"
)

// bundleKinds are the kinds that rules may look up in a bundle, and their groups. Kinds of the same name in other
// groups, such as Calico's IPPool, are something else.
var bundleKinds = map[string]string{
	"Secret":                   "",
	"Cluster":                  clusterAPIGroup,
	"IPPool":                   "loadbalancer.harvesterhci.io",
	"HarvesterCluster":         Group,
	"HarvesterClusterTemplate": Group,
	"HarvesterMachine":         Group,
	"HarvesterMachineTemplate": Group,
}

// Judgement is what an Engine has to say about one object of a bundle.
type Judgement struct {
	// Judged is false for an object that no rules exist for, or that belongs to no cluster on Harvester.
	Judged   bool
	Findings []Finding
}

// ValidateBundle judges objects that are to be applied together, as one folder or one stream holds them, and returns
// one Judgement for each, in order. Beside what Validate finds, objects are compared with each other: a HarvesterCluster
// with its identity Secret, a machine with its pools and its cluster. MachineHealthChecks of clusters on Harvester are
// judged too, and Clusters of the ClusterClass harvester-rke2, whose variables are judged as the fields they become.
//
// An object that is not in the bundle may well be in the management cluster, so that its absence is a hint at most.
// The objects are not changed.
func (e *Engine) ValidateBundle(objects []map[string]any) []Judgement {
	return e.ValidateBundleChange(objects, make([]map[string]any, len(objects)), Options{})
}

// ValidateBundleChange is ValidateBundle for objects of which some are there already: olds[i] is objects[i] before the
// change, or nil. Rules about changes have a say then, and errors that the old object has too are warnings, as with
// Validate. It panics where olds is the shorter slice.
func (e *Engine) ValidateBundleChange(objects, olds []map[string]any, opts Options) []Judgement {
	if len(objects) > 0 {
		_ = olds[len(objects)-1] // here, so that the caller's goroutine panics
	}
	index := indexBundle(objects)
	onHarvester := clustersOnHarvester(objects)
	judgements := make([]Judgement, len(objects))
	parallel.ForEach(len(objects), func(i int) {
		judgements[i] = e.judgeInBundle(objects[i], olds[i], index, onHarvester, opts)
	})
	return judgements
}

func (e *Engine) judgeInBundle(object, old, index map[string]any, onHarvester map[string]bool, opts Options) Judgement {
	kind, ok := e.bundleKindOf(object, onHarvester)
	if !ok {
		return Judgement{}
	}
	if isBeingDeleted(object) {
		return Judgement{Judged: true}
	}
	run := evaluation{object: withoutNulls(object), bundle: index}
	if e.Judges(object) {
		run.setChange(old, opts)
	}
	e.run(kind, &run)
	if kind == "Cluster" {
		run.findings = append(run.findings, e.judgeVariables(run.object, index)...)
	}
	sortFindings(run.findings)
	return Judgement{Judged: true, Findings: run.findings}
}

// bundleKindOf returns the kind whose rules the object is judged by.
func (e *Engine) bundleKindOf(object map[string]any, onHarvester map[string]bool) (string, bool) {
	if e.Judges(object) {
		return kindOf(object)
	}
	group, version, kind := groupVersionKind(object)
	known, ok := e.catalog.foreign[kind]
	if !ok || known.group != group || !slices.Contains(known.versions, version) {
		return "", false
	}
	if kind == "Cluster" {
		return kind, classOf(object) == clusterClass
	}
	clusterName, _ := nested(object, "spec.clusterName").(string)
	return kind, onHarvester[key(namespaceOf(object), clusterName)]
}

// indexBundle makes the variable "bundle": kind, then "namespace/name" (or "name"), then the object. Of two objects
// with one name the last one counts, as with kubectl apply.
func indexBundle(objects []map[string]any) map[string]any {
	index := map[string]any{}
	for _, object := range objects {
		group, _, kind := groupVersionKind(object)
		if want, ok := bundleKinds[kind]; !ok || want != group {
			continue
		}
		byName, ok := index[kind].(map[string]any)
		if !ok {
			byName = map[string]any{}
			index[kind] = byName
		}
		byName[key(namespaceOf(object), nameOf(object))] = withoutNulls(object)
	}
	return index
}

// clustersOnHarvester names the Clusters that the bundle shows to be this provider's.
func clustersOnHarvester(objects []map[string]any) map[string]bool {
	found := map[string]bool{}
	for _, object := range objects {
		group, _, kind := groupVersionKind(object)
		switch {
		case group == clusterAPIGroup && kind == "Cluster":
			infrastructure, _ := nested(object, "spec.infrastructureRef.kind").(string)
			if classOf(object) == clusterClass || infrastructure == "HarvesterCluster" {
				found[key(namespaceOf(object), nameOf(object))] = true
			}
		case group == Group:
			labels, _ := metadataOf(object)["labels"].(map[string]any)
			if cluster, _ := labels[clusterNameLabel].(string); cluster != "" {
				found[key(namespaceOf(object), cluster)] = true
			}
		}
	}
	return found
}

// classOf returns the ClusterClass of a Cluster, which v1beta1 and v1beta2 name in different fields.
func classOf(cluster map[string]any) string {
	if class, _ := nested(cluster, "spec.topology.class").(string); class != "" {
		return class
	}
	class, _ := nested(cluster, "spec.topology.classRef.name").(string)
	return class
}

func groupVersionKind(object map[string]any) (group, version, kind string) {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ = object["kind"].(string)
	if before, after, ok := strings.Cut(apiVersion, "/"); ok {
		return before, after, kind
	}
	return "", apiVersion, kind
}

func nested(object map[string]any, path string) any {
	value, _ := lookUp(object, path)
	return value
}

func nameOf(object map[string]any) string {
	name, _ := metadataOf(object)["name"].(string)
	return name
}

func namespaceOf(object map[string]any) string {
	namespace, _ := metadataOf(object)["namespace"].(string)
	return namespace
}

func key(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
