package kubevirt

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// MigrationController moves instances between hosts. The instance keeps its UID and its guest; only its node changes.
type MigrationController struct {
	kit.Env
	Timers *kit.Timers
	// Delay is how long a migration takes.
	Delay time.Duration
}

// SetupWithManager starts the controller with the manager.
func (c *MigrationController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("migration").
		For(&kubevirtv1.VirtualMachineInstanceMigration{}).WithOptions(options).Complete(c)
}

// Reconcile brings one migration a step further.
func (c *MigrationController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	migration := &kubevirtv1.VirtualMachineInstanceMigration{}
	if err := c.Client.Get(ctx, request.NamespacedName, migration); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if migration.Status.Phase == kubevirtv1.MigrationSucceeded || migration.Status.Phase == kubevirtv1.MigrationFailed {
		return ctrl.Result{}, nil
	}
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := c.Client.Get(ctx, client.ObjectKey{Namespace: migration.Namespace, Name: migration.Spec.VMIName}, vmi); err != nil {
		return ctrl.Result{}, c.finish(ctx, migration, kubevirtv1.MigrationFailed)
	}
	state := vmi.Status.MigrationState
	if state == nil || state.MigrationUID != migration.UID {
		return c.begin(ctx, migration, vmi)
	}
	if left := c.Timers.Left("migrate/"+string(migration.UID), c.Delay); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	if !state.Completed {
		state.Completed, state.EndTimestamp = true, &metav1.Time{Time: c.Clock.Now()}
		setNode(vmi, state.TargetNode)
		if err := c.Client.Update(ctx, vmi); err != nil {
			return ctrl.Result{}, fmt.Errorf("move instance %s: %w", request, err)
		}
	}
	return ctrl.Result{}, c.finish(ctx, migration, kubevirtv1.MigrationSucceeded)
}

// begin chooses a target and notes it on the instance.
func (c *MigrationController) begin(ctx context.Context, migration *kubevirtv1.VirtualMachineInstanceMigration, vmi *kubevirtv1.VirtualMachineInstance) (ctrl.Result, error) {
	nodes, others := &corev1.NodeList{}, &kubevirtv1.VirtualMachineInstanceList{}
	if err := c.Client.List(ctx, nodes); err != nil {
		return ctrl.Result{}, err
	}
	if err := c.Client.List(ctx, others); err != nil {
		return ctrl.Result{}, err
	}
	source := vmi.Status.NodeName
	elsewhere := slices.DeleteFunc(nodes.Items, func(node corev1.Node) bool { return node.Name == source })
	target, ok := PickNode(vmi, elsewhere, others.Items)
	if !ok {
		return ctrl.Result{}, c.finish(ctx, migration, kubevirtv1.MigrationFailed)
	}
	vmi.Status.MigrationState = &kubevirtv1.VirtualMachineInstanceMigrationState{
		MigrationUID: migration.UID, SourceNode: source, TargetNode: target,
		StartTimestamp: &metav1.Time{Time: c.Clock.Now()},
	}
	if err := c.Client.Update(ctx, vmi); err != nil {
		return ctrl.Result{}, fmt.Errorf("begin to move instance: %w", err)
	}
	return ctrl.Result{RequeueAfter: max(c.Timers.Left("migrate/"+string(migration.UID), c.Delay), time.Millisecond)}, nil
}

func (c *MigrationController) finish(ctx context.Context, migration *kubevirtv1.VirtualMachineInstanceMigration, phase kubevirtv1.VirtualMachineInstanceMigrationPhase) error {
	migration.Status.Phase = phase
	return client.IgnoreNotFound(c.Client.Status().Update(ctx, migration))
}

// setNode notes where an instance runs, in the two places that KubeVirt does.
func setNode(vmi *kubevirtv1.VirtualMachineInstance, node string) {
	vmi.Status.NodeName = node
	if vmi.Labels == nil {
		vmi.Labels = map[string]string{}
	}
	vmi.Labels[kubevirtv1.NodeNameLabel] = node
}
