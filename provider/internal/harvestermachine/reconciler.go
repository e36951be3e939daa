package harvestermachine

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/wake"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// foreignRecheck is how soon a VM that has our name but is not ours, and may not be watched, is looked at again.
const foreignRecheck = 30 * time.Second

// Reconciler reconciles HarvesterMachines. Its exported fields are set before SetupWithManager and not changed after.
type Reconciler struct {
	// Client reads the management cluster from the manager's cache, and writes to it.
	Client client.Client
	// Secrets reads Secrets of the management cluster live.
	Secrets client.Reader
	// Identities leads to Harvester.
	Identities *identity.Resolver
	// Guests leads to the guest clusters.
	Guests guest.Clusters
	// Etcd sees to the etcd members of control-plane machines that leave.
	Etcd Etcd
	// Metrics counts what happens.
	Metrics *observability.Metrics
	// Recorder writes events.
	Recorder events.EventRecorder
	// WatchFilter is asked whether an object is this manager's.
	WatchFilter write.Filter
	// Clock tells the time for deadlines.
	Clock clock.PassiveClock
	// NodeTimeout is how long a guest may take to register its Node, from when its VM runs.
	NodeTimeout time.Duration
	// EtcdTimeout is how long a deletion waits for an etcd that does not answer.
	EtcdTimeout time.Duration

	allocators ippool.Allocators
	// vanished are machines that are gone, perhaps, while something was made for them.
	vanished write.Vanished[*scope]
	// written are the versions of this controller's own writes.
	written    write.Versions
	remembered memory
	// wake has a machine reconciled when something that is not cached changes.
	wake wake.Waker
	// controller is what watches on guest clusters feed. Nil in tests that call Reconcile themselves.
	controller controller.Controller
}

// Etcd makes the etcd member of a machine leave; *guest.Etcd implements it.
type Etcd interface {
	Leave(ctx context.Context, leaving guest.Leaving) (plan etcdops.Plan, acted bool, err error)
}

// Reconcile brings one HarvesterMachine a step further: fetch, owner, pause, then the phases over a scope, then one
// write of what they found.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (result ctrl.Result, failure error) {
	machine := &infrav1.HarvesterMachine{}
	if err := r.Client.Get(ctx, request.NamespacedName, machine); err != nil {
		if apierrors.IsNotFound(err) {
			r.Metrics.ForgetMachine(request.Namespace, request.Name) // It was moved, or its finalizer was taken off by hand.
			return r.undoVanished(ctx, request)
		}
		return ctrl.Result{}, err
	}
	if r.WatchFilter.Excludes(machine) {
		return ctrl.Result{}, nil
	}
	if r.written.Behind(machine) {
		return ctrl.Result{RequeueAfter: write.CatchUp}, nil
	}
	deleting := !machine.DeletionTimestamp.IsZero()
	if deleting && !hasFinalizer(machine) {
		return ctrl.Result{}, nil
	}
	s, err := r.newScope(ctx, machine)
	if err != nil {
		return ctrl.Result{}, err
	}
	if paused, err := write.Paused(ctx, r.Client, s.cluster, machine); err != nil || paused {
		r.vanished.Drop(request.NamespacedName) // It is there, and may be moved from now on.
		return phase.Settle(ctrl.Result{}, err)
	}
	if !deleting && s.owner == nil {
		return ctrl.Result{}, nil // Cluster API sets the owner, and that is an event.
	}
	if added, err := r.ensureFinalizer(ctx, machine); err != nil || added {
		return phase.Settle(ctrl.Result{}, err)
	}
	helper, err := write.New(r.Client, machine)
	if err != nil {
		return ctrl.Result{}, err
	}
	write.SetNotPaused(machine)
	defer func() { result, failure = phase.Settle(result, failure, r.write(ctx, helper, s)) }()
	defer r.observeDuration(deleting, r.Clock.Now())
	if deleting {
		return phase.Run(ctx, machine, s, r.deletionPhases())
	}
	return phase.Run(ctx, machine, s, r.normalPhases())
}

// normalPhases make a machine, each from what the one before it made.
func (r *Reconciler) normalPhases() []phase.Phase[*scope] {
	return []phase.Phase[*scope]{
		{Condition: infrav1.VMProvisionedCondition, Run: r.prepare},
		{Condition: infrav1.AddressReadyCondition, Run: r.address},
		{Condition: infrav1.BootstrapReadyCondition, Run: r.bootstrap},
		{Condition: infrav1.VMProvisionedCondition, Run: r.virtualMachine},
		{Condition: infrav1.VMRunningCondition, Run: r.running},
		{Condition: infrav1.AddressesReportedCondition, Run: r.addresses},
		{Condition: infrav1.NodeInitializedCondition, Run: r.node},
	}
}

// write stores what the phases found out, if it differs from what is stored.
func (r *Reconciler) write(ctx context.Context, helper *write.Helper, s *scope) error {
	provisioned := s.machine.Status.Initialization.IsProvisioned()
	if err := finishStatus(s.machine); err != nil {
		return err
	}
	err := helper.Patch(ctx, s.machine)
	r.written.Note(s.machine)
	if apierrors.IsNotFound(err) && !hasFinalizer(s.machine) {
		return nil
	}
	if err != nil {
		if s.made {
			r.vanished.Put(client.ObjectKeyFromObject(s.machine), s)
		}
		return err
	}
	r.vanished.Drop(client.ObjectKeyFromObject(s.machine))
	r.publish(s, !provisioned && s.machine.Status.Initialization.IsProvisioned())
	return nil
}
