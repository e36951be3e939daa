package kubelet

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

// watchPods follows the pods bound to the node until ctx ends: it declares new
// ones running and lets deleted ones go, which is what a drain waits for.
func (k *Kubelet) watchPods(ctx context.Context) error {
	informer := k.pods.Core().V1().Pods().Informer()
	settle := func(object any) {
		pod, ok := object.(*corev1.Pod)
		if !ok || pod.Annotations[annotationMirror] != "" && pod.DeletionTimestamp == nil {
			return
		}
		if err := k.settlePod(ctx, pod); err != nil && ctx.Err() == nil {
			k.options.Logf("node %s: pod %s/%s: %v", k.options.Identity.Name, pod.Namespace, pod.Name, err)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: settle, UpdateFunc: func(_, object any) { settle(object) },
		// A mirror that somebody deleted comes back.
		DeleteFunc: func(any) { k.Sync() },
	})
	if err != nil {
		return err
	}
	k.pods.Start(ctx.Done())
	k.pods.WaitForCacheSync(ctx.Done())
	return nil
}

func (k *Kubelet) settlePod(ctx context.Context, pod *corev1.Pod) error {
	pods := k.options.Client.CoreV1().Pods(pod.Namespace)
	if pod.DeletionTimestamp != nil {
		err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: ptr.To[int64](0), Preconditions: &metav1.Preconditions{UID: ptr.To[types.UID](pod.UID)},
		})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil // gone, or another pod of that name
		}
		return err
	}
	if pod.Status.Phase != corev1.PodPending {
		return nil
	}
	return k.writePodStatus(ctx, pod, true)
}
