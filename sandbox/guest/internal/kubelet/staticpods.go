package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// StaticPod is a part of the control plane that runs on the node.
type StaticPod struct {
	// Component names the pod (<component>-<node>), its container and its
	// component label.
	Component string
	Image     string
	// Ready is whether it serves now.
	Ready bool
}

// Annotations by which a mirror pod is known; a drain leaves it alone.
const (
	annotationMirror = "kubernetes.io/config.mirror"
	annotationHash   = "kubernetes.io/config.hash"
	annotationSource = "kubernetes.io/config.source"
)

// mirror makes the API server's picture of the static pods right.
func (k *Kubelet) mirror(ctx context.Context) error {
	if k.options.StaticPods == nil {
		return nil
	}
	var failures []error
	for _, static := range k.options.StaticPods() {
		if err := k.mirrorPod(ctx, static); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", static.Component, err))
		}
	}
	return errors.Join(failures...)
}

func (k *Kubelet) mirrorPod(ctx context.Context, static StaticPod) error {
	pods := k.options.Client.CoreV1().Pods(metav1.NamespaceSystem)
	wanted := k.mirrorOf(static)
	pod, err := k.pods.Core().V1().Pods().Lister().Pods(wanted.Namespace).Get(wanted.Name)
	if apierrors.IsNotFound(err) {
		if pod, err = pods.Create(ctx, wanted, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			return nil // the cache lags; the next round sees it
		}
	}
	if err != nil {
		return err
	}
	return k.writePodStatus(ctx, pod, static.Ready)
}

// writePodStatus says of a pod that its containers run, and whether they serve.
// It patches, whatever else has changed meanwhile: what a kubelet says of its
// pods is so.
func (k *Kubelet) writePodStatus(ctx context.Context, pod *corev1.Pod, ready bool) error {
	status, changed := podStatus(pod, k.options.Identity.Address, ready, k.options.Clock.Now())
	if !changed {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = k.options.Client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // gone, or another pod of that name
	}
	return err
}

func (k *Kubelet) mirrorOf(static StaticPod) *corev1.Pod {
	name := static.Component + "-" + k.options.Identity.Name
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: metav1.NamespaceSystem,
			Labels:          map[string]string{"component": static.Component, "tier": "control-plane"},
			Annotations:     map[string]string{annotationMirror: name, annotationHash: name, annotationSource: "file"},
			OwnerReferences: []metav1.OwnerReference{k.ownerReference(true)},
		},
		Spec: corev1.PodSpec{
			NodeName: k.options.Identity.Name, HostNetwork: true,
			PriorityClassName: "system-cluster-critical",
			Tolerations:       []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}},
			Containers:        []corev1.Container{{Name: static.Component, Image: static.Image}},
		},
	}
}

// podStatus is the status of a pod whose containers run, or have stopped
// serving, and whether that differs from what it is.
func podStatus(pod *corev1.Pod, address string, ready bool, now time.Time) (corev1.PodStatus, bool) {
	wanted := corev1.ConditionFalse
	if ready {
		wanted = corev1.ConditionTrue
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == wanted && pod.Status.Phase == corev1.PodRunning {
			return pod.Status, false
		}
	}
	at := metav1.NewTime(now)
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, QOSClass: pod.Status.QOSClass, StartTime: pod.Status.StartTime,
		HostIP: address, PodIP: address,
		HostIPs: []corev1.HostIP{{IP: address}}, PodIPs: []corev1.PodIP{{IP: address}},
	}
	if status.StartTime == nil {
		status.StartTime = &at
	}
	for kind, value := range map[corev1.PodConditionType]corev1.ConditionStatus{
		corev1.PodInitialized: corev1.ConditionTrue, corev1.PodScheduled: corev1.ConditionTrue,
		corev1.PodReady: wanted, corev1.ContainersReady: wanted,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: value, LastTransitionTime: at})
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, ImageID: container.Image, Ready: ready, Started: &ready,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: *status.StartTime}},
		})
	}
	return status, true
}
