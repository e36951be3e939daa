package validation

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/class"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
)

const (
	clusterAPIGroup  = "cluster.x-k8s.io"
	clusterNameLabel = clusterAPIGroup + "/cluster-name"
)

// bundleKinds are the kinds that rules may look up in a bundle, and their groups. Kinds of the same name in other
// groups, such as Calico's IPPool, are something else.
var bundleKinds = map[string]string{
	"Secret":                   "",
	"Cluster":                  clusterAPIGroup,
	"IPPool":                   "loadbalancer.harvesterhci.io",
	"SealedSecret":             "bitnami.com",
	"ExternalSecret":           "external-secrets.io",
	"HarvesterCluster":         Group,
	"HarvesterClusterTemplate": Group,
	"HarvesterMachine":         Group,
	"HarvesterMachineTemplate": Group,
}

// Result is what an Engine has to say about one object of a bundle.
type Result struct {
	// Validated is false for an object that no rules exist for, or that belongs to no cluster on Harvester.
	Validated bool
	Findings  []Finding
	// Variables of a Cluster, with the schemas that its ClusterClass has for them. They are not compared here.
	Variables []VariableSchema
}

// ValidateBundle validates objects that are to be applied together, as one directory or one stream holds them, and returns
// one Result for each, in order. Beside what Validate finds, objects are compared with each other: a HarvesterCluster
// with its identity Secret, a machine with its pools and its cluster. MachineHealthChecks of clusters on Harvester are
// validated too, and Clusters on Harvester, whose variables are validated as the fields they become. The ClusterClass of a
// Cluster is the one among the objects, or else the one of this release if it has that name.
//
// An object that is not in the bundle may well be in the management cluster, so that its absence is a hint at most.
// The objects are not changed.
func (e *Engine) ValidateBundle(objects []map[string]any) []Result {
	return e.ValidateBundleChange(objects, make([]map[string]any, len(objects)), Options{})
}

// ValidateBundleChange is ValidateBundle for objects of which some are there already: olds[i] is objects[i] before the
// change, or nil. Rules about changes have a say then, and errors that the old object has too are warnings, as with
// Validate. It panics where olds is the shorter slice.
func (e *Engine) ValidateBundleChange(objects, olds []map[string]any, opts Options) []Result {
	if len(objects) > 0 {
		_ = olds[len(objects)-1] // here, so that the caller's goroutine panics
	}
	bundle := newBundle(objects)
	results := make([]Result, len(objects))
	parallel.ForEach(len(objects), func(i int) { results[i] = e.validateInBundle(objects[i], olds[i], bundle, opts) })
	return results
}

// bundle is what is known of all objects together.
type bundle struct {
	// byKind has what expressions may look up: kind, then "namespace/name" (or "name"), then the object.
	byKind  map[string]any
	classes []*class.Class
	// onHarvester are the Clusters that are this provider's; clusterOf tells which Cluster a template is for.
	onHarvester map[string]bool
	clusterOf   map[string]string
}

func newBundle(objects []map[string]any) *bundle {
	b := &bundle{byKind: indexBundle(objects), classes: classesOf(objects), clusterOf: clustersOfTemplates(objects)}
	b.onHarvester = clustersOnHarvester(objects, b.classes)
	return b
}

// around is what the expressions about one object see as "bundle": all objects by kind, its Cluster as "cluster", that
// Cluster's HarvesterCluster as "infrastructure", and its ClusterClass as "class".
func (b *bundle) around(object map[string]any) map[string]any {
	seen := maps.Clone(b.byKind)
	_, _, kind := groupVersionKind(object)
	clusters, _ := b.byKind["Cluster"].(map[string]any)
	cluster, _ := clusters[b.clusterKey(object)].(map[string]any)
	if kind == "Cluster" {
		cluster = object
	}
	if cluster != nil {
		seen["cluster"] = cluster
		if used := classFor(cluster, b.classes); used != nil {
			seen["class"] = classVariable(used)
		}
	}
	if infrastructure := b.infrastructure(object, cluster); infrastructure != nil {
		seen["infrastructure"] = infrastructure
	}
	return seen
}

// clusterKey names the Cluster that an object belongs to: by its label, by the reference of a MachineDeployment or
// control plane to it, or, for a HarvesterCluster, by the reference of the Cluster.
func (b *bundle) clusterKey(object map[string]any) string {
	labels, _ := metadataOf(object)["labels"].(map[string]any)
	if name, _ := labels[clusterNameLabel].(string); name != "" {
		return key(namespaceOf(object), name)
	}
	group, _, kind := groupVersionKind(object)
	if name, _ := nested(object, "spec.clusterName").(string); group == clusterAPIGroup && name != "" {
		return key(namespaceOf(object), name)
	}
	return b.clusterOf[kind+" "+key(namespaceOf(object), nameOf(object))]
}

// infrastructure returns the HarvesterCluster of a Cluster: the one it refers to, which is often called
// "<cluster>-hv", or the one that is labeled with its name, or has its name.
func (b *bundle) infrastructure(object, cluster map[string]any) map[string]any {
	_, _, kind := groupVersionKind(object)
	if kind == "HarvesterCluster" {
		return object
	}
	all, _ := b.byKind["HarvesterCluster"].(map[string]any)
	if name, _ := nested(cluster, "spec.infrastructureRef.name").(string); name != "" {
		namespace, _ := nested(cluster, "spec.infrastructureRef.namespace").(string)
		found, _ := all[key(cmp.Or(namespace, namespaceOf(cluster)), name)].(map[string]any)
		return found
	}
	wanted := b.clusterKey(object)
	if wanted == "" {
		return nil
	}
	for _, at := range slices.Sorted(maps.Keys(all)) {
		if found, _ := all[at].(map[string]any); b.clusterKey(found) == wanted {
			return found
		}
	}
	found, _ := all[wanted].(map[string]any)
	return found
}

// clustersOfTemplates tells which Cluster refers to what, by "kind namespace/name": a Cluster to its infrastructure, a
// MachineDeployment or a control plane to the template of its machines.
func clustersOfTemplates(objects []map[string]any) map[string]string {
	found := map[string]string{}
	refer := func(from map[string]any, path, cluster string) {
		kind, _ := nested(from, path+".kind").(string)
		name, _ := nested(from, path+".name").(string)
		namespace, _ := nested(from, path+".namespace").(string)
		if name != "" && cluster != "" {
			found[kind+" "+key(cmp.Or(namespace, namespaceOf(from)), name)] = key(namespaceOf(from), cluster)
		}
	}
	for _, object := range objects {
		group, _, kind := groupVersionKind(object)
		switch {
		case group == clusterAPIGroup && kind == "Cluster":
			refer(object, "spec.infrastructureRef", nameOf(object))
			refer(object, "spec.controlPlaneRef", nameOf(object))
		case group == clusterAPIGroup:
			cluster, _ := nested(object, "spec.clusterName").(string)
			refer(object, "spec.template.spec.infrastructureRef", cluster)
		}
	}
	for _, object := range objects {
		_, _, kind := groupVersionKind(object)
		if at, ok := found[kind+" "+key(namespaceOf(object), nameOf(object))]; ok && strings.HasSuffix(kind, "ControlPlane") {
			cluster := strings.TrimPrefix(at, namespaceOf(object)+"/")
			refer(object, "spec.machineTemplate.infrastructureRef", cluster)
			refer(object, "spec.machineTemplate.spec.infrastructureRef", cluster)
			refer(object, "spec.infrastructureRef", cluster)
		}
	}
	return found
}

func (e *Engine) validateInBundle(object, old map[string]any, all *bundle, opts Options) Result {
	kind, ok := e.bundleKindOf(object, all)
	if !ok {
		return Result{}
	}
	if isBeingDeleted(object) {
		return Result{Validated: true}
	}
	object = withoutNulls(object)
	run := evaluation{object: object, bundle: all.around(object)}
	if e.Handles(object) {
		run.setChange(old, opts)
	}
	e.run(kind, &run)
	result := Result{Validated: true}
	if kind == "Cluster" {
		if used := classFor(object, all.classes); used != nil {
			run.findings = append(run.findings, e.validateVariables(object, run.bundle, used)...)
			result.Variables = variableSchemas(object, used)
		}
	}
	sortFindings(run.findings)
	result.Findings = run.findings
	return result
}

// bundleKindOf returns the kind whose rules the object is validated by.
func (e *Engine) bundleKindOf(object map[string]any, all *bundle) (string, bool) {
	if e.Handles(object) {
		return kindOf(object)
	}
	group, version, kind := groupVersionKind(object)
	known, ok := e.catalog.foreign[kind]
	if !ok || known.group != group || !slices.Contains(known.versions, version) {
		return "", false
	}
	if kind == "Cluster" {
		return kind, isOnHarvester(object, all.classes)
	}
	clusterName, _ := nested(object, "spec.clusterName").(string)
	return kind, all.onHarvester[key(namespaceOf(object), clusterName)]
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
		byName[key(namespaceOf(object), nameInCluster(kind, object))] = withoutNulls(object)
	}
	return index
}

// clustersOnHarvester names the Clusters that the bundle shows to be this provider's.
func clustersOnHarvester(objects []map[string]any, classes []*class.Class) map[string]bool {
	found := map[string]bool{}
	for _, object := range objects {
		group, _, kind := groupVersionKind(object)
		switch {
		case group == clusterAPIGroup && kind == "Cluster":
			if isOnHarvester(object, classes) {
				found[key(namespaceOf(object), nameOf(object))] = true
			}
		case group == Group && strings.HasPrefix(kind, "Harvester"):
			labels, _ := metadataOf(object)["labels"].(map[string]any)
			if cluster, _ := labels[clusterNameLabel].(string); cluster != "" {
				found[key(namespaceOf(object), cluster)] = true
			}
		}
	}
	return found
}

// isOnHarvester tells whether a Cluster is this provider's: its class makes clusters on Harvester, or it refers to a
// HarvesterCluster.
func isOnHarvester(cluster map[string]any, classes []*class.Class) bool {
	infrastructure, _ := nested(cluster, "spec.infrastructureRef.kind").(string)
	used := classFor(cluster, classes)
	return infrastructure == "HarvesterCluster" || used != nil && used.OnHarvester()
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

// nameInCluster is the name of what an object becomes: an ExternalSecret may name the Secret that it makes.
func nameInCluster(kind string, object map[string]any) string {
	if kind == "ExternalSecret" {
		if name, _ := nested(object, "spec.target.name").(string); name != "" {
			return name
		}
	}
	return nameOf(object)
}

func key(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
