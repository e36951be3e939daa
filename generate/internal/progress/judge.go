// Package progress follows a cluster on its way up or down, by what the management cluster says about it.
package progress

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// State is what there is to say about a cluster at one moment.
type State struct {
	// Lines tell the phase of the Cluster and of each Machine, by name.
	Lines map[string]string
	// Missing says what the cluster waits for; empty when it is up.
	Missing []string
}

// Up validates a Cluster and its Machines. The cluster is up when its control plane and infrastructure are, and as many
// machines run as the topology asks for, each with its node.
func Up(cluster *unstructured.Unstructured, machines []*unstructured.Unstructured) State {
	state := State{Lines: make(map[string]string)}
	if cluster == nil {
		return State{Missing: []string{"the Cluster does not exist"}}
	}
	state.Lines["Cluster "+cluster.GetName()] = phaseOf(cluster)
	for _, flag := range []struct{ field, since, what string }{
		{"infrastructureReady", "infrastructureProvisioned", "the infrastructure (load balancer, target namespace) is not ready"},
		{"controlPlaneReady", "controlPlaneInitialized", "the control plane is not ready"},
	} {
		// The second field is v1beta2's.
		if !isTrue(cluster, "status", flag.field) && !isTrue(cluster, "status", "initialization", flag.since) {
			state.Missing = append(state.Missing, flag.what+because(cluster))
		}
	}
	if reason := whyNot(cluster, "TopologyReconciled"); reason != "" {
		state.Missing = append(state.Missing, "the topology is not reconciled: "+reason)
	}
	version := text(cluster, "spec", "topology", "version")
	running := 0
	sorted := slices.SortedFunc(slices.Values(machines), func(a, b *unstructured.Unstructured) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	for _, machine := range sorted {
		name := "Machine " + machine.GetName()
		state.Lines[name] = phaseOf(machine)
		if has := text(machine, "spec", "version"); version != "" && has != "" && has != version {
			state.Missing = append(state.Missing, fmt.Sprintf("%s has version %s, not %s", name, has, version))
			continue
		}
		if text(machine, "status", "phase") == "Running" && text(machine, "status", "nodeRef", "name") != "" {
			running++
			continue
		}
		state.Missing = append(state.Missing, name+" is "+phaseOf(machine)+because(machine))
	}
	if wanted := replicas(cluster); running != wanted {
		state.Missing = append(state.Missing, fmt.Sprintf("%d of %d machines run", running, wanted))
	}
	return state
}

// replicas is how many machines the topology asks for.
func replicas(cluster *unstructured.Unstructured) int {
	count, _, _ := unstructured.NestedInt64(cluster.Object, "spec", "topology", "controlPlane", "replicas")
	deployments, _, _ := unstructured.NestedSlice(cluster.Object, "spec", "topology", "workers", "machineDeployments")
	for _, deployment := range deployments {
		if deployment, ok := deployment.(map[string]any); ok {
			workers, _, _ := unstructured.NestedInt64(deployment, "replicas")
			count += workers
		}
	}
	return int(count)
}

func phaseOf(object *unstructured.Unstructured) string {
	if phase := text(object, "status", "phase"); phase != "" {
		return phase
	}
	return "Pending"
}

// because is what the object's conditions give as the reason for not being ready, after a colon.
func because(object *unstructured.Unstructured) string {
	for _, condition := range []string{"Ready", "InfrastructureReady"} {
		if reason := whyNot(object, condition); reason != "" {
			return ": " + reason
		}
	}
	return ""
}

// whyNot is what a condition that is not true says; empty if it is true, unknown to the object, or says nothing.
func whyNot(object *unstructured.Unstructured, wanted string) string {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, condition := range conditions {
		condition, ok := condition.(map[string]any)
		if !ok || condition["type"] != wanted || condition["status"] == "True" {
			continue
		}
		reason, _ := condition["reason"].(string)
		message, _ := condition["message"].(string)
		return strings.Join(slices.DeleteFunc([]string{reason, message}, func(s string) bool { return s == "" }), ": ")
	}
	return ""
}

func text(object *unstructured.Unstructured, path ...string) string {
	// A field of another type is as good as none.
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}

func isTrue(object *unstructured.Unstructured, path ...string) bool {
	value, _, _ := unstructured.NestedBool(object.Object, path...)
	return value
}
