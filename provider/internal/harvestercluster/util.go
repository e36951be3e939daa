package harvestercluster

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
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

// event tells the operator what was done, as an event and in the log.
func (r *Reconciler) event(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	tell.About{Recorder: r.Recorder, Object: s.infra, Cluster: s.clusterName()}.Normal(ctx, reason, action, format, args...)
}

// eventAbout is event for one of several things of a kind.
func (r *Reconciler) eventAbout(ctx context.Context, s *scope, related runtime.Object, reason, action, format string, args ...any) {
	tell.About{Recorder: r.Recorder, Object: s.infra, Cluster: s.clusterName(), Related: related}.Normal(ctx, reason, action, format, args...)
}

// warning tells the operator what needs attention, as an event and in the log.
func (r *Reconciler) warning(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	tell.About{Recorder: r.Recorder, Object: s.infra, Cluster: s.clusterName()}.Warning(ctx, reason, action, format, args...)
}
