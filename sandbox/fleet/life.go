package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// pollInterval is how often a life looks whether it may go on.
const pollInterval = 300 * time.Millisecond

// Scale asks for another number of machines.
func (f *Fleet) Scale(ctx context.Context, name string, machines int) error {
	deployment := &clusterv1.MachineDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name}}
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, machines)
	if err := f.management.Patch(ctx, deployment, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("scaling cluster %s to %d: %w", name, machines, err)
	}
	return nil
}

// Replace deletes the machine that pick chooses; Cluster API makes another.
func (f *Fleet) Replace(ctx context.Context, name string, pick func(count int) int) error {
	machines, err := machinesOf(ctx, f.management, name)
	if err != nil {
		return err
	}
	if len(machines) == 0 {
		return fmt.Errorf("cluster %s has no machine to replace", name)
	}
	chosen := machines[pick(len(machines))]
	err = f.management.Delete(ctx, &chosen)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting machine %s/%s: %w", name, chosen.Name, err)
	}
	return nil
}

// machinesOf are the cluster's Machines by name.
func machinesOf(ctx context.Context, reader client.Reader, name string) ([]clusterv1.Machine, error) {
	list := &clusterv1.MachineList{}
	if err := reader.List(ctx, list, client.InNamespace(name)); err != nil {
		return nil, fmt.Errorf("listing the machines of cluster %s: %w", name, err)
	}
	slices.SortFunc(list.Items, func(a, b clusterv1.Machine) int { return strings.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// Await waits until the cluster has exactly that many machines and all of them are Running and Ready.
func (f *Fleet) Await(ctx context.Context, name string, machines int) error {
	return await(ctx, func(ctx context.Context) (string, error) {
		found, err := machinesOf(ctx, f.looks, name)
		if err != nil {
			return "", err
		}
		infra := &infrav1.HarvesterMachineList{}
		if err := f.looks.List(ctx, infra, client.InNamespace(name)); err != nil {
			return "", fmt.Errorf("listing the machines of cluster %s: %w", name, err)
		}
		return missing(found, infra.Items, machines), nil
	})
}

// missing says what a cluster lacks to be complete; nothing when it is. Pure.
func missing(machines []clusterv1.Machine, infra []infrav1.HarvesterMachine, want int) string {
	var lacks []string
	if len(machines) != want || len(infra) != want {
		lacks = append(lacks, fmt.Sprintf("%d Machines and %d HarvesterMachines, not %d", len(machines), len(infra), want))
	}
	for i := range machines {
		machine := &machines[i]
		if machine.Status.Phase != string(clusterv1.MachinePhaseRunning) || !machine.DeletionTimestamp.IsZero() {
			lacks = append(lacks, fmt.Sprintf("Machine %s is %s", machine.Name, machine.Status.Phase))
		}
	}
	for i := range infra {
		if ready := apimeta.FindStatusCondition(infra[i].Status.Conditions, infrav1.ReadyCondition); ready == nil || ready.Status != metav1.ConditionTrue {
			message := "nothing yet"
			if ready != nil {
				message = ready.Message
			}
			lacks = append(lacks, fmt.Sprintf("HarvesterMachine %s: %s", infra[i].Name, message))
		}
	}
	return strings.Join(lacks, "; ")
}

// Delete deletes the cluster and its namespace, and waits until both are gone.
func (f *Fleet) Delete(ctx context.Context, name string) error {
	for _, object := range []client.Object{
		&clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
	} {
		err := f.management.Delete(ctx, object)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting %T %s: %w", object, name, err)
		}
		if err := f.awaitGone(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) awaitGone(ctx context.Context, object client.Object) error {
	return await(ctx, func(ctx context.Context) (string, error) {
		err := f.looks.Get(ctx, client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("the end of %T %s: %s", object, object.GetName(), f.deletionState(ctx, object.GetName())), nil
	})
}

// deletionState is what CAPHV says about the machines of a cluster that is being deleted.
func (f *Fleet) deletionState(ctx context.Context, name string) string {
	infra := &infrav1.HarvesterMachineList{}
	if err := f.looks.List(ctx, infra, client.InNamespace(name)); err != nil {
		return err.Error()
	}
	states := []string{fmt.Sprintf("%d HarvesterMachines", len(infra.Items))}
	for i := range infra.Items {
		if deleting := apimeta.FindStatusCondition(infra.Items[i].Status.Conditions, infrav1.DeletingCondition); deleting != nil {
			states = append(states, infra.Items[i].Name+": "+deleting.Message)
		}
	}
	return strings.Join(states, "; ")
}

// await polls until the check misses nothing any more. When the time is over, the error says what it missed.
func await(ctx context.Context, check func(context.Context) (missing string, err error)) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	last := ""
	for {
		missing, err := check(ctx)
		switch {
		case err == nil && missing == "":
			return nil
		case err == nil:
			last = missing
		case ctx.Err() == nil:
			last = err.Error()
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), fmt.Errorf("still missing: %s", last))
		case <-ticker.C:
		}
	}
}
