package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// removalRetry paces what etcd refuses for a short while.
const removalRetry = 500 * time.Millisecond

// EtcdMembers takes members out of etcd as RKE2 does: when their Node asks for
// it by annotation, and before a deleted Node goes.
type EtcdMembers struct {
	Base
	Client kubernetes.Interface
	// Self is the node this controller runs on.
	Self string
	// Remove removes a member by name; one that is not there is no error.
	Remove func(ctx context.Context, member string) error

	nodes corelisters.NodeLister
}

// Run works until ctx ends; its watch is not waited for.
func (c *EtcdMembers) Run(ctx context.Context) {
	queue := workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemFastSlowRateLimiter[string](removalRetry, 4*removalRetry, 20))
	factory := informers.NewSharedInformerFactory(c.Client, 0)
	nodes := factory.Core().V1().Nodes()
	c.nodes = nodes.Lister()
	enqueue := func(object any) {
		if node, ok := object.(*corev1.Node); ok {
			queue.Add(node.Name)
		}
	}
	_, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) },
	})
	if err != nil {
		c.Logf("watching nodes: %v", err)
		return
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	context.AfterFunc(ctx, queue.ShutDown)
	for {
		name, stopped := queue.Get()
		if stopped {
			return
		}
		if err := c.reconcile(ctx, name); err != nil && ctx.Err() == nil {
			c.Logf("etcd member of node %s: %v", name, err)
			queue.AddRateLimited(name)
		} else {
			queue.Forget(name)
		}
		queue.Done(name)
	}
}

func (c *EtcdMembers) reconcile(ctx context.Context, name string) error {
	node, err := c.nodes.Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := c.nodes.List(labels.Everything())
	if err != nil {
		return err
	}
	step := decideMember(node, all, c.Self)
	if step == memberStays {
		return nil
	}
	member := node.Annotations[rke2.EtcdNameAnnotation]
	if member != "" {
		err := c.Remove(ctx, member)
		if step == memberLeavesWithNode && errors.Is(err, etcd.ErrLastMember) {
			err = nil // the cluster ends with this node
		}
		if err != nil {
			return err
		}
	}
	node = node.DeepCopy()
	if step == memberLeavesWithNode {
		controllerutil.RemoveFinalizer(node, rke2.EtcdFinalizer)
	} else {
		answerRemoval(node, member)
	}
	_, err = c.Client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // gone, or its newer state is on its way here
	}
	if err != nil {
		return fmt.Errorf("noting the removal: %w", err)
	}
	return nil
}

// memberStep is what is to be done about a node's member.
type memberStep int

const (
	memberStays memberStep = iota
	memberLeavesOnRequest
	memberLeavesWithNode
)

// decideMember is pure. A server leaves its own removal to the others as long
// as there are any: once its member is out, it can no longer write the answer.
func decideMember(node *corev1.Node, all []*corev1.Node, self string) memberStep {
	step := memberStays
	switch {
	case node.DeletionTimestamp != nil && controllerutil.ContainsFinalizer(node, rke2.EtcdFinalizer):
		step = memberLeavesWithNode
	case node.DeletionTimestamp == nil && node.Annotations[rke2.EtcdRemoveAnnotation] == "true" &&
		node.Annotations[rke2.EtcdRemovedAnnotation] == "":
		step = memberLeavesOnRequest
	}
	if step == memberStays || node.Name != self {
		return step
	}
	for _, other := range all {
		if other.Name != self && other.Annotations[rke2.EtcdNameAnnotation] != "" && readyStatus(other) == corev1.ConditionTrue {
			return memberStays
		}
	}
	return step
}

// answerRemoval notes on the Node which member was removed.
func answerRemoval(node *corev1.Node, member string) {
	if member == "" {
		member = node.Name
	}
	node.Annotations[rke2.EtcdRemovedAnnotation] = member
	delete(node.Annotations, rke2.EtcdNameAnnotation)
	delete(node.Annotations, rke2.EtcdAddressAnnotation)
}
