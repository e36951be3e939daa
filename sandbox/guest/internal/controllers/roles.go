package controllers

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// EnsureServerNode gives a server's own Node what RKE2 gives it and a kubelet
// may not give itself: the role labels, the name and address of its etcd
// member, and the finalizer that holds the Node until the member is out. It
// retries until that is done or ctx ends.
func (b Base) EnsureServerNode(ctx context.Context, client kubernetes.Interface, node, member, address string) {
	b.until(ctx, "roles of node "+node, 250*time.Millisecond, func(ctx context.Context) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			current, err := client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if current.DeletionTimestamp != nil {
				return nil
			}
			for _, label := range []string{rke2.ControlPlaneLabel, rke2.MasterLabel, rke2.EtcdLabel} {
				metav1.SetMetaDataLabel(&current.ObjectMeta, label, "true")
			}
			metav1.SetMetaDataLabel(&current.ObjectMeta, rke2.InstanceTypeLabel, "rke2")
			metav1.SetMetaDataAnnotation(&current.ObjectMeta, rke2.EtcdNameAnnotation, member)
			metav1.SetMetaDataAnnotation(&current.ObjectMeta, rke2.EtcdAddressAnnotation, address)
			controllerutil.AddFinalizer(current, rke2.EtcdFinalizer)
			_, err = client.CoreV1().Nodes().Update(ctx, current, metav1.UpdateOptions{})
			return err
		})
	})
}
