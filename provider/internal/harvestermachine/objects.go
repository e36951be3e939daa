package harvestermachine

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// newScope gathers the objects around a machine in the management cluster. None of them needs to exist: a restored
// backup may hold any part of the whole.
func (r *Reconciler) newScope(ctx context.Context, machine *infrav1.HarvesterMachine) (*scope, error) {
	s := &scope{machine: machine}
	owner, err := util.GetOwnerMachine(ctx, r.Client, machine.ObjectMeta)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read the Machine of HarvesterMachine %s: %w", client.ObjectKeyFromObject(machine), err)
	}
	if err == nil {
		s.owner = owner
	}
	name := machine.Labels[clusterv1.ClusterNameLabel]
	if s.owner != nil {
		name = s.owner.Spec.ClusterName
	}
	if name == "" {
		return s, nil
	}
	cluster := &clusterv1.Cluster{}
	err = r.Client.Get(ctx, client.ObjectKey{Namespace: machine.Namespace, Name: name}, cluster)
	switch {
	case err == nil:
		s.cluster = cluster
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("read Cluster %s/%s: %w", machine.Namespace, name, err)
	case !machine.DeletionTimestamp.IsZero():
	default:
		s.owner = nil // Nothing can be made without the Cluster; its coming is an event.
	}
	s.infraCluster, err = r.infraClusterOf(ctx, s, name)
	return s, err
}

// infraClusterOf finds the HarvesterCluster: by the Cluster's reference, or by the label when the Cluster is gone.
func (r *Reconciler) infraClusterOf(ctx context.Context, s *scope, cluster string) (*infrav1.HarvesterCluster, error) {
	if s.cluster != nil {
		found := &infrav1.HarvesterCluster{}
		key := client.ObjectKey{Namespace: s.cluster.Namespace, Name: s.cluster.Spec.InfrastructureRef.Name}
		err := r.Client.Get(ctx, key, found)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return found, phase.Wrap(err, "read HarvesterCluster %s", key)
	}
	list := &infrav1.HarvesterClusterList{}
	err := r.Client.List(ctx, list, client.InNamespace(s.machine.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: cluster})
	if err != nil || len(list.Items) != 1 {
		return nil, phase.Wrap(err, "list the HarvesterClusters of Cluster %s/%s", s.machine.Namespace, cluster)
	}
	return &list.Items[0], nil
}

// ensureFinalizer adds the finalizer before anything is made. It writes against the version it read, as a merge patch
// replaces the list of finalizers.
func (r *Reconciler) ensureFinalizer(ctx context.Context, machine *infrav1.HarvesterMachine) (bool, error) {
	if !machine.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(machine, infrav1.MachineFinalizer) {
		return false, nil
	}
	base := client.MergeFromWithOptions(machine.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(machine, infrav1.MachineFinalizer)
	if err := r.Client.Patch(ctx, machine, base); err != nil {
		return false, fmt.Errorf("add the finalizer to HarvesterMachine %s: %w", client.ObjectKeyFromObject(machine), err)
	}
	r.written.Note(machine)
	return true, nil
}

func hasFinalizer(machine *infrav1.HarvesterMachine) bool {
	return controllerutil.ContainsFinalizer(machine, infrav1.MachineFinalizer) ||
		controllerutil.ContainsFinalizer(machine, infrav1.LegacyMachineFinalizer)
}

// desiredVoters counts the control-plane machines that stay; 0 when they cannot be counted.
func (r *Reconciler) desiredVoters(ctx context.Context, s *scope) int {
	machines := &clusterv1.MachineList{}
	err := r.Client.List(ctx, machines, client.InNamespace(s.machine.Namespace),
		client.MatchingLabels{clusterv1.ClusterNameLabel: s.clusterName()}, client.HasLabels{clusterv1.MachineControlPlaneLabel})
	if err != nil {
		return 0
	}
	staying := 0
	for i := range machines.Items {
		if machines.Items[i].DeletionTimestamp.IsZero() {
			staying++
		}
	}
	return staying
}

// publish brings the metrics in line with what was stored.
func (r *Reconciler) publish(s *scope, provisionedNow bool) {
	if !hasFinalizer(s.machine) {
		return
	}
	cluster, name := s.measured(), s.machine.Name
	r.Metrics.SetMachineReady(cluster, name, conditions.IsTrue(s.machine, infrav1.ReadyCondition))
	reason, since := waitsFor(s.machine)
	r.Metrics.SetMachineWaiting(cluster, name, reason, since)
	if !s.machine.DeletionTimestamp.IsZero() {
		r.Metrics.SetMachineDeletion(cluster, name, s.machine.DeletionTimestamp.Time)
	}
	if provisionedNow && s.vm != nil {
		r.Metrics.ObserveMachineCreation(r.Clock.Since(s.vm.CreationTimestamp.Time))
	}
}

func (r *Reconciler) observeDuration(deleting bool, started time.Time) {
	operation := observability.OperationNormal
	if deleting {
		operation = observability.OperationDelete
	}
	r.Metrics.ObserveMachineReconcile(operation, r.Clock.Since(started))
}
