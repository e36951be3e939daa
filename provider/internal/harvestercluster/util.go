package harvestercluster

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cachedElseLive reads from memory, and asks Harvester for what the cache does not know (yet).
func cachedElseLive(ctx context.Context, s *scope, key client.ObjectKey, object client.Object) error {
	if err := s.harvester.Cache().Get(ctx, key, object); err == nil {
		return nil
	}
	return s.harvester.Client().Get(ctx, key, object)
}

// createWithoutStatus creates an object without the zero status that its Go type would send: these kinds have no status
// subresource, so Harvester would store it, and take it for its own.
func createWithoutStatus(ctx context.Context, s *scope, object client.Object, gvk schema.GroupVersionKind) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	delete(content, "status")
	bare := &unstructured.Unstructured{Object: content}
	bare.SetGroupVersionKind(gvk)
	s.made = true
	return s.harvester.Client().Create(ctx, bare)
}

// merged returns a new map, so that the objects that hold the given ones are not changed by accident.
func merged(labels, wanted map[string]string) map[string]string {
	result := make(map[string]string, len(labels)+len(wanted))
	maps.Copy(result, labels)
	maps.Copy(result, wanted)
	return result
}

// wrap says what failed; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// event tells the operator what was done, as an event and in the log.
func (r *Reconciler) event(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	ctrl.LoggerFrom(ctx).Info(fmt.Sprintf(format, args...), "cluster", s.clusterName(), "reason", reason)
	r.Recorder.Eventf(s.infra, nil, corev1.EventTypeNormal, reason, action, format, args...)
}

// warning tells the operator what needs attention, as an event and in the log.
func (r *Reconciler) warning(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	ctrl.LoggerFrom(ctx).Info("Warning: "+fmt.Sprintf(format, args...), "cluster", s.clusterName(), "reason", reason)
	r.Recorder.Eventf(s.infra, nil, corev1.EventTypeWarning, reason, action, format, args...)
}
