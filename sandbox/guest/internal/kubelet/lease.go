package kubelet

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// leaseSeconds is what a kubelet writes into its lease; who watches heartbeats
// goes by a time of its own.
const leaseSeconds = 40

// renewLease writes the node's lease, which is its heartbeat. As the real kubelet it goes by the lease it wrote last, and
// reads it only when somebody else has written it.
func (k *Kubelet) renewLease(ctx context.Context) error {
	now := metav1.NewMicroTime(k.options.Clock.Now())
	if k.lease != nil && k.writeLease(ctx, k.lease, now) == nil {
		return nil
	}
	leases := k.options.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Get(ctx, k.options.Identity.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, k.newLease(now), metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	return k.writeLease(ctx, lease, now)
}

func (k *Kubelet) writeLease(ctx context.Context, known *coordinationv1.Lease, now metav1.MicroTime) error {
	lease := known.DeepCopy()
	lease.Spec.RenewTime, lease.Spec.HolderIdentity = &now, ptr.To(k.options.Identity.Name)
	written, err := k.options.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Update(ctx, lease, metav1.UpdateOptions{})
	k.lease = nil
	if err == nil {
		k.lease = written
	}
	return err
}

func (k *Kubelet) newLease(now metav1.MicroTime) *coordinationv1.Lease {
	name := k.options.Identity.Name
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: corev1.NamespaceNodeLease,
			OwnerReferences: []metav1.OwnerReference{k.ownerReference(false)},
		},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &name, LeaseDurationSeconds: ptr.To[int32](leaseSeconds), RenewTime: &now,
		},
	}
}

// ownerReference points at the Node.
func (k *Kubelet) ownerReference(controller bool) metav1.OwnerReference {
	reference := metav1.OwnerReference{
		APIVersion: "v1", Kind: "Node", Name: k.options.Identity.Name, UID: k.nodeUID,
	}
	if controller {
		reference.Controller = ptr.To(true)
	}
	return reference
}
