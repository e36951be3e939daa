package kubevirt

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/dhcp"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// pollDelay is how soon to look again for things that nobody tells about: a Secret, a free host.
const pollDelay = 300 * time.Millisecond

// Delays are how long things take.
type Delays struct {
	// Boot is the time from being scheduled to Running, Agent from there to the agent's first report, Stop the time a
	// shutdown takes at least.
	Boot, Agent, Stop time.Duration
}

// InstanceController reconciles VirtualMachineInstances: it is scheduler, launcher and virt-handler.
type InstanceController struct {
	kit.Env
	Power  *Power
	Timers *kit.Timers
	Faults *Faults
	Delays Delays
	// Leases is the DHCP server of the machines' networks, Network what goes with its leases.
	Leases  *dhcp.Server
	Network LeaseNetwork
}

// SetupWithManager starts the controller with the manager.
func (c *InstanceController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("virtualmachineinstance").
		For(&kubevirtv1.VirtualMachineInstance{}).
		WatchesRawSource(source.Channel(c.Power.Events(), &handler.EnqueueRequestForObject{})).
		WithOptions(options).Complete(c)
}

// Reconcile brings one instance a step further.
func (c *InstanceController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := c.Client.Get(ctx, request.NamespacedName, vmi); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !vmi.DeletionTimestamp.IsZero() {
		wait, err := c.shutDown(ctx, vmi)
		return ctrl.Result{RequeueAfter: wait}, err
	}
	before := vmi.DeepCopy()
	wait, err := c.advance(ctx, vmi)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !equality.Semantic.DeepEqual(before, vmi) {
		if err := c.Client.Update(ctx, vmi); err != nil {
			return ctrl.Result{}, fmt.Errorf("write instance %s: %w", request, err)
		}
	}
	return ctrl.Result{RequeueAfter: max(wait, 0)}, nil
}

// advance changes vmi towards its next phase, and returns when to look again; zero means when something happens.
func (c *InstanceController) advance(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	switch vmi.Status.Phase {
	case kubevirtv1.VmPhaseUnset:
		controllerutil.AddFinalizer(vmi, kubevirtv1.VirtualMachineInstanceFinalizer)
		setPhase(vmi, kubevirtv1.Pending, c.now())
		setCondition(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionFalse, kubevirtv1.PodNotExistsReason, "virt-launcher pod has not yet been scheduled", c.now())
		return 0, nil
	case kubevirtv1.Pending:
		return c.pending(ctx, vmi)
	case kubevirtv1.Scheduling:
		return c.scheduling(ctx, vmi)
	case kubevirtv1.Scheduled:
		return c.scheduled(ctx, vmi)
	case kubevirtv1.Running:
		return c.running(ctx, vmi)
	default:
		return 0, nil
	}
}

// pending waits for claims to exist.
func (c *InstanceController) pending(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	state, err := claimsState(ctx, c.Client, vmi.Namespace, vmi.Spec.Volumes)
	if err != nil {
		return 0, err
	}
	if len(state.missing) > 0 {
		message := fmt.Sprintf("PVC %s/%s does not exist, waiting for it to appear", vmi.Namespace, state.missing[0])
		setCondition(vmi, podScheduled, corev1.ConditionFalse, reasonUnschedulable, message, c.now())
		setCondition(vmi, kubevirtv1.VirtualMachineInstanceSynchronized, corev1.ConditionFalse, reasonClaimNotFound, message, c.now())
		return pollDelay, nil
	}
	dropCondition(vmi, kubevirtv1.VirtualMachineInstanceSynchronized)
	dropCondition(vmi, podScheduled)
	c.setNotRunning(vmi)
	setPhase(vmi, kubevirtv1.Scheduling, c.now())
	return 0, nil
}

// scheduling waits for claims to be bound, a host, and the cloud-init Secret, and then for half of the boot time.
func (c *InstanceController) scheduling(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	state, err := claimsState(ctx, c.Client, vmi.Namespace, vmi.Spec.Volumes)
	if err != nil || len(state.unbound)+len(state.missing) > 0 {
		return pollDelay, err
	}
	node, err := c.pickNode(ctx, vmi)
	if err != nil {
		return 0, err
	}
	if node == "" {
		setCondition(vmi, podScheduled, corev1.ConditionFalse, reasonUnschedulable, "0 nodes are available that match the machine's affinity", c.now())
		return pollDelay, nil
	}
	dropCondition(vmi, podScheduled)
	if _, err := readCloudInit(ctx, c.Known(), vmi); err != nil {
		c.Log.V(1).Info("instance waits for its cloud-init data", "instance", client.ObjectKeyFromObject(vmi).String(), "reason", err.Error())
		return pollDelay, nil
	}
	if left := c.Timers.Left(timer(vmi, "scheduling"), c.Delays.Boot/2); left > 0 {
		return left, nil
	}
	if vmi.Status.VolumeStatus, err = volumeStatus(ctx, c.Client, vmi); err != nil {
		return 0, err
	}
	setNode(vmi, node)
	setPhase(vmi, kubevirtv1.Scheduled, c.now())
	return 0, nil
}

// scheduled waits for the rest of the boot time and powers the machine on.
func (c *InstanceController) scheduled(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	if left := c.Timers.Left(timer(vmi, "scheduled"), c.Delays.Boot/2); left > 0 {
		return left, nil
	}
	view := c.Power.Look(vmi.UID)
	switch view.State {
	case Off:
		return 0, c.powerOn(ctx, vmi)
	case Booting:
		return 0, nil
	case BootFailed:
		setPhase(vmi, kubevirtv1.Failed, c.now())
		return 0, nil
	default:
		// It is on, or was: running sees to a guest that is off again.
	}
	setPhase(vmi, kubevirtv1.Running, c.now())
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionTrue, "", "", c.now())
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceIsMigratable, corev1.ConditionTrue, "", "", c.now())
	vmi.Status.Interfaces = Interfaces(vmi, nil)
	return c.Delays.Agent, nil
}

// running follows what happens inside.
func (c *InstanceController) running(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	view := c.Power.Look(vmi.UID)
	switch view.State {
	case Off:
		// This process did not start it: the simulator was restarted, and the guest is picked up again.
		return 0, c.powerOn(ctx, vmi)
	case Crashed, BootFailed:
		c.ended(vmi, kubevirtv1.Failed)
	case ShutDown, Stopped:
		c.ended(vmi, kubevirtv1.Succeeded)
	case On:
		return c.report(vmi, view), nil
	case Booting:
	}
	return 0, nil
}

func (c *InstanceController) setNotRunning(vmi *kubevirtv1.VirtualMachineInstance) {
	setCondition(vmi, kubevirtv1.VirtualMachineInstanceReady, corev1.ConditionFalse, kubevirtv1.GuestNotRunningReason, "Guest VM is not reported as running", c.now())
}

// ended moves an instance whose guest is off to its last phase.
func (c *InstanceController) ended(vmi *kubevirtv1.VirtualMachineInstance, phase kubevirtv1.VirtualMachineInstancePhase) {
	setPhase(vmi, phase, c.now())
	c.setNotRunning(vmi)
	dropCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected)
	vmi.Status.Interfaces = nil
	c.Power.Forget(vmi.UID)
}

// shutDown stops the guest of an instance that is being deleted, and lets the object go when it is off.
func (c *InstanceController) shutDown(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (time.Duration, error) {
	if !controllerutil.ContainsFinalizer(vmi, kubevirtv1.VirtualMachineInstanceFinalizer) {
		return 0, nil
	}
	seconds := vmi.Spec.TerminationGracePeriodSeconds
	graceful := seconds == nil || *seconds > 0
	ran := c.Power.Look(vmi.UID).State != Off
	if !c.Power.Off(vmi.UID, graceful) {
		c.Timers.Left(timer(vmi, "stopping"), c.Delays.Stop)
		return 0, nil // woken when it is off
	}
	if left := c.Timers.Left(timer(vmi, "stopping"), c.Delays.Stop); ran && graceful && left > 0 {
		return left, nil
	}
	if !vmi.IsFinal() {
		phase := kubevirtv1.Failed // it never ran
		if vmi.Status.Phase == kubevirtv1.Running {
			phase = kubevirtv1.Succeeded
		}
		c.ended(vmi, phase)
		return 0, client.IgnoreNotFound(c.Client.Update(ctx, vmi))
	}
	controllerutil.RemoveFinalizer(vmi, kubevirtv1.VirtualMachineInstanceFinalizer)
	owned, err := c.hasVM(ctx, vmi)
	if err != nil {
		return 0, err
	}
	if !owned {
		controllerutil.RemoveFinalizer(vmi, kubevirtv1.VirtualMachineControllerFinalizer)
	}
	if err := client.IgnoreNotFound(c.Client.Update(ctx, vmi)); err != nil {
		return 0, fmt.Errorf("let instance %s/%s go: %w", vmi.Namespace, vmi.Name, err)
	}
	c.Power.Forget(vmi.UID)
	c.Timers.Forget(timer(vmi, "scheduling"), timer(vmi, "scheduled"), timer(vmi, "stopping"))
	return 0, nil
}

// hasVM tells whether the VM that an instance was made for still exists; it takes its own finalizer off the instance.
func (c *InstanceController) hasVM(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (bool, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if err := c.Live.Get(ctx, client.ObjectKeyFromObject(vmi), vm); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return metav1.IsControlledBy(vmi, vm), nil
}

// pickNode chooses a host for an instance; empty if none will do.
func (c *InstanceController) pickNode(ctx context.Context, vmi *kubevirtv1.VirtualMachineInstance) (string, error) {
	nodes, others := &corev1.NodeList{}, &kubevirtv1.VirtualMachineInstanceList{}
	if err := c.Client.List(ctx, nodes); err != nil {
		return "", fmt.Errorf("list hosts: %w", err)
	}
	if err := c.Client.List(ctx, others); err != nil {
		return "", fmt.Errorf("list instances: %w", err)
	}
	node, _ := PickNode(vmi, nodes.Items, others.Items)
	return node, nil
}

func (c *InstanceController) now() metav1.Time { return metav1.NewTime(c.Clock.Now()) }

func timer(vmi *kubevirtv1.VirtualMachineInstance, what string) string {
	return what + "/" + string(vmi.UID)
}
