package kubelet

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

// retryInterval paces what the API server refuses while it is starting.
const retryInterval = 250 * time.Millisecond

// Options of a Kubelet.
type Options struct {
	Identity Identity
	// Client acts as the node.
	Client kubernetes.Interface
	// Heartbeat is how often lease and status are refreshed.
	Heartbeat time.Duration
	// StaticPods are mirrored; nil for none.
	StaticPods func() []StaticPod
	Clock      clock.WithTicker
	// Logf receives what went wrong, one line each.
	Logf func(format string, args ...any)
	// Registered is called once, when the Node is there. It may be nil.
	Registered func()
}

// Kubelet keeps one node's objects.
type Kubelet struct {
	options Options
	nodeUID types.UID
	// lease is the one last written; nil when it is to be read. Only Run's goroutine uses it.
	lease *coordinationv1.Lease
	// pods watches those bound to the node: a kubelet may not look at others, not
	// even to see that one of its own is missing.
	pods informers.SharedInformerFactory
	kick chan struct{}
}

// New returns a kubelet that does nothing until Run.
func New(options Options) *Kubelet {
	selector := fields.OneTermEqualSelector("spec.nodeName", options.Identity.Name).String()
	return &Kubelet{
		options: options, kick: make(chan struct{}, 1),
		pods: informers.NewSharedInformerFactoryWithOptions(options.Client, 0,
			informers.WithTweakListOptions(func(list *metav1.ListOptions) { list.FieldSelector = selector })),
	}
}

// Sync asks for a heartbeat at once, for example when a static pod changed.
func (k *Kubelet) Sync() {
	select {
	case k.kick <- struct{}{}:
	default: // one is asked for already
	}
}

// Run registers the node and serves until ctx ends. The node object stays: it
// is others who find that its heartbeat has stopped. The watch of its pods ends
// with ctx but is not waited for, as it may be backing off.
func (k *Kubelet) Run(ctx context.Context) {
	if !k.register(ctx) {
		return
	}
	if k.options.Registered != nil {
		k.options.Registered()
	}
	if err := k.watchPods(ctx); err != nil {
		k.options.Logf("node %s: watching pods: %v", k.options.Identity.Name, err)
		return
	}
	ticker := k.options.Clock.NewTicker(k.options.Heartbeat)
	defer ticker.Stop()
	for {
		k.heartbeat(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		case <-k.kick:
		}
	}
}

// register creates the Node, or takes over the one of that name, and reports
// false when ctx ended first.
func (k *Kubelet) register(ctx context.Context) bool {
	for {
		err := k.tryRegister(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			k.options.Logf("registering node %s: %v", k.options.Identity.Name, err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-k.options.Clock.After(retryInterval):
		}
	}
}

func (k *Kubelet) tryRegister(ctx context.Context) error {
	identity, nodes := k.options.Identity, k.options.Client.CoreV1().Nodes()
	node, err := nodes.Create(ctx, identity.node(k.options.Clock.Now()), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		node, err = nodes.Get(ctx, identity.Name, metav1.GetOptions{})
	}
	if err != nil {
		return err
	}
	k.nodeUID = node.UID
	return k.renewLease(ctx)
}

// heartbeat refreshes lease, status and mirrors; what fails is tried again at
// the next one.
func (k *Kubelet) heartbeat(ctx context.Context) {
	for what, do := range map[string]func(context.Context) error{
		"lease": k.renewLease, "status": k.updateStatus, "static pods": k.mirror,
	} {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			k.options.Logf("node %s: %s: %v", k.options.Identity.Name, what, err)
		}
	}
}

// updateStatus writes the node's status when it is not what it should be. A
// Node that is gone is left gone.
func (k *Kubelet) updateStatus(ctx context.Context) error {
	nodes := k.options.Client.CoreV1().Nodes()
	// From the API server's cache, as the real kubelet reads it.
	node, err := nodes.Get(ctx, k.options.Identity.Name, metav1.GetOptions{ResourceVersion: "0"})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	desired := k.options.Identity.status(node.Status, k.options.Clock.Now())
	if sameStatus(node.Status, desired) {
		return nil
	}
	// A patch of what differs: the rest of the node read may be old.
	patch, err := statusPatch(node.Status, desired)
	if err != nil {
		return err
	}
	_, err = nodes.Patch(ctx, node.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("writing it: %w", err)
	}
	return nil
}
