package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	coordinationlisters "k8s.io/client-go/listers/coordination/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// NodeLifecycle marks nodes whose kubelet has fallen silent, takes the marks
// away when it is back, and clears up after nodes that are gone.
type NodeLifecycle struct {
	Base
	Client kubernetes.Interface
	// Grace is how long a heartbeat may be overdue.
	Grace time.Duration

	nodes  corelisters.NodeLister
	leases coordinationlisters.LeaseLister
	pods   corelisters.PodLister
}

// Run works until ctx ends. Its watches end then too, but are not waited for: a
// reflector that is backing off from a dead API server may take half a minute.
func (c *NodeLifecycle) Run(ctx context.Context) {
	factory := informers.NewSharedInformerFactory(c.Client, 0)
	leases := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(corev1.NamespaceNodeLease))
	nodes := factory.Core().V1().Nodes()
	c.nodes, c.pods = nodes.Lister(), factory.Core().V1().Pods().Lister()
	c.leases = leases.Coordination().V1().Leases().Lister()
	// A node that comes or changes is judged at once: a scheduler waits for the
	// taint of a new node to go.
	_, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { c.reconcile(ctx, object.(*corev1.Node)) },
		UpdateFunc: func(_, object any) { c.reconcile(ctx, object.(*corev1.Node)) },
	})
	if err != nil {
		c.Logf("watching nodes: %v", err)
		return
	}
	for _, started := range []informers.SharedInformerFactory{leases, factory} {
		started.Start(ctx.Done())
		started.WaitForCacheSync(ctx.Done())
	}
	// The passing of time makes no event, so overdue heartbeats are looked for.
	c.every(ctx, max(c.Grace/8, 100*time.Millisecond), c.sweep)
}

func (c *NodeLifecycle) sweep(ctx context.Context) {
	nodes, err := c.nodes.List(labels.Everything())
	if err != nil {
		c.Logf("listing nodes: %v", err)
		return
	}
	for _, node := range nodes {
		c.reconcile(ctx, node)
	}
	c.collect(ctx)
}

func (c *NodeLifecycle) reconcile(ctx context.Context, node *corev1.Node) {
	renewed, known := c.lastHeartbeat(node)
	if !known {
		return
	}
	verdict := judge(node, renewed, c.Clock.Now(), c.Grace)
	if !verdict.silent && !verdict.changed {
		return
	}
	err := c.apply(ctx, node.DeepCopy(), verdict)
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		c.Logf("node %s: %v", node.Name, err)
	}
}

// lastHeartbeat is the later of the lease's renewal and the Node's creation: a
// node that has just registered may have no lease yet.
func (c *NodeLifecycle) lastHeartbeat(node *corev1.Node) (time.Time, bool) {
	lease, err := c.leases.Leases(corev1.NamespaceNodeLease).Get(node.Name)
	if apierrors.IsNotFound(err) {
		return node.CreationTimestamp.Time, true
	}
	if err != nil {
		return time.Time{}, false
	}
	renewed := node.CreationTimestamp.Time
	if lease.Spec.RenewTime != nil && lease.Spec.RenewTime.After(renewed) {
		renewed = lease.Spec.RenewTime.Time
	}
	return renewed, true
}

// heartsBeat asks the API server before it believes a cache that may be old,
// as it is when this server was away itself.
func (c *NodeLifecycle) heartsBeat(ctx context.Context, node *corev1.Node) (bool, error) {
	lease, err := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading its lease: %w", err)
	}
	return lease.Spec.RenewTime != nil && c.Clock.Since(lease.Spec.RenewTime.Time) <= c.Grace, nil
}

func (c *NodeLifecycle) apply(ctx context.Context, node *corev1.Node, verdict health) error {
	nodes := c.Client.CoreV1().Nodes()
	if verdict.silent {
		if alive, err := c.heartsBeat(ctx, node); err != nil || alive {
			return err
		}
		node.Status.Conditions = unknownConditions(node.Status.Conditions, c.Clock.Now())
		updated, err := nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
		if err != nil {
			return fmt.Errorf("marking it unknown: %w", err)
		}
		node = updated
	}
	if verdict.changed {
		node.Spec.Taints = verdict.taints
		for i := range node.Spec.Taints {
			taint := &node.Spec.Taints[i]
			if taint.Effect == corev1.TaintEffectNoExecute && taint.TimeAdded == nil {
				taint.TimeAdded = &metav1.Time{Time: c.Clock.Now()}
			}
		}
		if _, err := nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("setting its taints: %w", err)
		}
	}
	return nil
}
