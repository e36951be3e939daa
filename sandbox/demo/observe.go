package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// machine is what the demo tells about one machine.
type machine struct {
	name         string
	vm           string // the name of its HarvesterMachine, and so of its VM
	phase        string
	controlPlane bool
	address      string
	pool         string
	nodeReady    bool
}

// complete tells whether there is nothing more to wait for.
func (m machine) complete() bool {
	return m.phase == string(clusterv1.MachinePhaseRunning) && m.nodeReady && m.address != ""
}

func (m machine) role() string {
	if m.controlPlane {
		return "control plane"
	}
	return "worker"
}

// observation is a cluster at one moment.
type observation struct {
	endpoint    string
	initialized bool // its control plane has answered
	machines    map[string]machine
}

// observe reads the cluster's state from the management cluster.
func (c clients) observe(ctx context.Context, key client.ObjectKey) (observation, error) {
	o := observation{machines: map[string]machine{}}
	cluster := &clusterv1.Cluster{}
	if err := client.IgnoreNotFound(c.management.Get(ctx, key, cluster)); err != nil {
		return o, fmt.Errorf("reading cluster %s: %w", key, err)
	}
	if cluster.Spec.ControlPlaneEndpoint.IsValid() {
		o.endpoint = cluster.Spec.ControlPlaneEndpoint.String()
	}
	o.initialized = apimeta.IsStatusConditionTrue(cluster.Status.Conditions, clusterv1.ClusterControlPlaneInitializedCondition)
	inCluster := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: key.Name}}
	var machines clusterv1.MachineList
	if err := c.management.List(ctx, &machines, inCluster...); err != nil {
		return o, fmt.Errorf("listing machines of %s: %w", key, err)
	}
	var infra infrav1.HarvesterMachineList
	if err := c.management.List(ctx, &infra, inCluster...); err != nil {
		return o, fmt.Errorf("listing HarvesterMachines of %s: %w", key, err)
	}
	pools := map[string]infrav1.HarvesterMachineStatus{}
	for i := range infra.Items {
		pools[infra.Items[i].Name] = infra.Items[i].Status
	}
	for i := range machines.Items {
		m := &machines.Items[i]
		status := pools[m.Spec.InfrastructureRef.Name]
		_, controlPlane := m.Labels[clusterv1.MachineControlPlaneLabel]
		o.machines[m.Name] = machine{
			name: m.Name, vm: m.Spec.InfrastructureRef.Name, phase: m.Status.Phase, controlPlane: controlPlane,
			address: status.AllocatedIPAddress, pool: status.AllocatedPoolRef,
			nodeReady: apimeta.IsStatusConditionTrue(m.Status.Conditions, clusterv1.MachineNodeReadyCondition),
		}
	}
	return o, nil
}

// changes tells what happened between two observations, in sentences. Pure.
func changes(before, after observation) []string {
	var all []string
	if after.endpoint != before.endpoint && after.endpoint != "" {
		all = append(all, "load balancer at "+after.endpoint)
	}
	for _, name := range slices.Sorted(maps.Keys(after.machines)) {
		was, is := before.machines[name], after.machines[name]
		if was.phase != is.phase {
			all = append(all, fmt.Sprintf("%-13s %s %s", is.role(), name, is.phase))
		}
		if was.address == "" && is.address != "" {
			all = append(all, fmt.Sprintf("%-13s %s has %s from pool %s", is.role(), name, is.address, is.pool))
		}
		if !was.nodeReady && is.nodeReady {
			all = append(all, fmt.Sprintf("%-13s %s: Node Ready", is.role(), name))
		}
	}
	if after.initialized && !before.initialized {
		all = append(all, "control plane initialised")
	}
	for _, name := range slices.Sorted(maps.Keys(before.machines)) {
		if _, there := after.machines[name]; !there {
			all = append(all, fmt.Sprintf("%-13s %s gone", before.machines[name].role(), name))
		}
	}
	return all
}

// missing says what a cluster of that size still lacks; empty when nothing.
// Pure.
func (o observation) missing(controlPlanes, workers int) string {
	var complete, completeWorkers int
	for _, m := range o.machines {
		switch {
		case m.complete() && m.controlPlane:
			complete++
		case m.complete():
			completeWorkers++
		}
	}
	if complete == controlPlanes && completeWorkers == workers && len(o.machines) == controlPlanes+workers {
		return ""
	}
	return fmt.Sprintf("%d of %d control planes and %d of %d workers run with their Node Ready, among %d machines",
		complete, controlPlanes, completeWorkers, workers, len(o.machines))
}
