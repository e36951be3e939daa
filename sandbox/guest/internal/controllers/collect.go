package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// collect deletes what belongs to nodes that no longer exist: their pods, as
// Kubernetes' pod garbage collector does, and their leases.
func (c *NodeLifecycle) collect(ctx context.Context) {
	pods, err := c.pods.List(labels.Everything())
	if err != nil {
		return
	}
	for _, pod := range pods {
		if pod.Spec.NodeName == "" || !c.nodeGone(ctx, pod.Spec.NodeName) {
			continue
		}
		err := c.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
		c.report(ctx, "pod "+pod.Name, err)
	}
	leases, err := c.leases.List(labels.Everything())
	if err != nil {
		return
	}
	for _, lease := range leases {
		if c.nodeGone(ctx, lease.Name) {
			err := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Delete(ctx, lease.Name, metav1.DeleteOptions{})
			c.report(ctx, "lease "+lease.Name, err)
		}
	}
}

// nodeGone asks the API server before it believes a cache that lags.
func (c *NodeLifecycle) nodeGone(ctx context.Context, name string) bool {
	if _, err := c.nodes.Get(name); !apierrors.IsNotFound(err) {
		return false
	}
	_, err := c.Client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	return apierrors.IsNotFound(err)
}

func (c *NodeLifecycle) report(ctx context.Context, what string, err error) {
	if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		c.Logf("collecting %s: %v", what, err)
	}
}
