package demo

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// awaitMachines tells what happens until the cluster has that many machines,
// all Running, and then asks the guest cluster itself about its Nodes.
func (d *demo) awaitMachines(ctx context.Context, controlPlanes, workers int) error {
	err := await(ctx, func(ctx context.Context) (string, error) {
		if err := d.look(ctx); err != nil {
			return "", err
		}
		return d.seen.missing(controlPlanes, workers), nil
	})
	if err != nil {
		return err
	}
	return d.checkNodes(ctx, controlPlanes+workers)
}

// look observes the cluster and tells what changed.
func (d *demo) look(ctx context.Context) error {
	now, err := d.clients.observe(ctx, d.cluster())
	if err != nil {
		return err
	}
	for _, change := range changes(d.seen, now) {
		d.line.Event("%s", change)
	}
	d.seen = now
	return nil
}

// uninitializedTaint is on a Node until its infrastructure provider has
// initialised it.
const uninitializedTaint = "node.cloudprovider.kubernetes.io/uninitialized"

// checkNodes asks the guest's API server, through the load balancer, for its
// Nodes: each must be Ready, known by provider ID and free of the taint.
func (d *demo) checkNodes(ctx context.Context, want int) error {
	guest, err := d.clients.guest(ctx, d.cluster())
	if err != nil {
		return err
	}
	var nodes corev1.NodeList
	if err := guest.List(ctx, &nodes); err != nil {
		return fmt.Errorf("listing the guest's Nodes: %w", err)
	}
	var errs []error
	for i := range nodes.Items {
		errs = append(errs, checkNode(&nodes.Items[i]))
	}
	if len(nodes.Items) != want {
		errs = append(errs, fmt.Errorf("the guest has %d Nodes, not %d", len(nodes.Items), want))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	d.line.Event("the guest's own API server: %d Nodes, all Ready, initialised, with provider ID", len(nodes.Items))
	return nil
}

// checkNode says what is not as it should be with a Node. Pure.
func checkNode(node *corev1.Node) error {
	var errs []error
	if node.Spec.ProviderID == "" {
		errs = append(errs, fmt.Errorf("node %s has no provider ID", node.Name))
	}
	for _, taint := range node.Spec.Taints {
		if taint.Key == uninitializedTaint {
			errs = append(errs, fmt.Errorf("node %s is not initialised", node.Name))
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return errors.Join(errs...)
		}
	}
	return errors.Join(append(errs, fmt.Errorf("node %s is not Ready", node.Name))...)
}

// scale adds a worker as the operations guide does: by the Cluster's topology.
func (d *demo) scale(ctx context.Context) error {
	cluster := &clusterv1.Cluster{}
	if err := d.clients.management.Get(ctx, d.cluster(), cluster); err != nil {
		return fmt.Errorf("reading the cluster: %w", err)
	}
	if len(cluster.Spec.Topology.Workers.MachineDeployments) == 0 {
		return fmt.Errorf("cluster %s has no worker deployment in its topology", cluster.Name)
	}
	workers := d.options.Workers + 1
	patch := fmt.Appendf(nil, `[{"op":"replace","path":"/spec/topology/workers/machineDeployments/0/replicas","value":%d}]`, workers)
	if err := d.clients.management.Patch(ctx, cluster, client.RawPatch(types.JSONPatchType, patch)); err != nil {
		return fmt.Errorf("scaling to %d workers: %w", workers, err)
	}
	d.line.Event("topology asks for %d workers", workers)
	return d.awaitMachines(ctx, d.options.ControlPlanes, workers)
}
