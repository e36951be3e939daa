package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// heal loses a worker's virtual machine behind everybody's back and has the
// machine replaced. The MachineHealthCheck would find it by itself after five
// minutes; the demo asks it to act now, as an operator in a hurry does.
func (d *demo) heal(ctx context.Context) error {
	lost, err := d.seen.lastWorker()
	if err != nil {
		return err
	}
	target := d.vmNamespace() + "/" + lost.vm
	if _, err := d.sandbox.Break(ctx, "vm-vanish", target); err != nil {
		return err
	}
	d.line.Event("VM %s is removed on Harvester, past its finalizers", target)
	if err := d.awaitNoticed(ctx, lost.vm); err != nil {
		return err
	}
	machine := &clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Namespace: d.options.Namespace, Name: lost.name}}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:""}}}`, clusterv1.RemediateMachineAnnotation)
	if err := d.clients.management.Patch(ctx, machine, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("asking for remediation: %w", err)
	}
	d.line.Event("kubectl annotate machine %s %s=", lost.name, clusterv1.RemediateMachineAnnotation)
	err = await(ctx, func(ctx context.Context) (string, error) {
		if err := d.look(ctx); err != nil {
			return "", err
		}
		if _, there := d.seen.machines[lost.name]; there {
			return "the end of machine " + lost.name, nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	return d.awaitMachines(ctx, d.options.ControlPlanes, d.options.Workers+1)
}

// awaitNoticed waits until CAPHV says that the machine is not ready any more,
// and tells in which words.
func (d *demo) awaitNoticed(ctx context.Context, name string) error {
	infra := &infrav1.HarvesterMachine{}
	return await(ctx, func(ctx context.Context) (string, error) {
		if err := d.clients.management.Get(ctx, client.ObjectKey{Namespace: d.options.Namespace, Name: name}, infra); err != nil {
			return "", fmt.Errorf("reading HarvesterMachine %s: %w", name, err)
		}
		ready := apimeta.FindStatusCondition(infra.Status.Conditions, infrav1.ReadyCondition)
		if ready == nil || ready.Status == metav1.ConditionTrue {
			return "a word of CAPHV about the lost VM", nil
		}
		d.line.Event("HarvesterMachine %s: Ready is %s: %s", name, ready.Status, ready.Message)
		return "", nil
	})
}

// vmNamespace is where caphv-generate puts the machines: the namespace of their
// network.
func (d *demo) vmNamespace() string { return "default" }

// lastWorker is the last worker by name. Pure.
func (o observation) lastWorker() (machine, error) {
	names := slices.Sorted(maps.Keys(o.machines))
	slices.Reverse(names)
	for _, name := range names {
		if !o.machines[name].controlPlane {
			return o.machines[name], nil
		}
	}
	return machine{}, errors.New("the cluster has no worker")
}
