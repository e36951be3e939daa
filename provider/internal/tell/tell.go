package tell

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// About is an object of a cluster that there is something to tell about.
type About struct {
	Recorder events.EventRecorder
	Object   client.Object
	// Cluster is the name of the Cluster that the object belongs to.
	Cluster string
}

// Normal tells what was done.
func (a About) Normal(ctx context.Context, reason, action, format string, args ...any) {
	a.tell(ctx, corev1.EventTypeNormal, "", reason, action, format, args...)
}

// Warning tells what needs attention.
func (a About) Warning(ctx context.Context, reason, action, format string, args ...any) {
	a.tell(ctx, corev1.EventTypeWarning, "Warning: ", reason, action, format, args...)
}

func (a About) tell(ctx context.Context, kind, prefix, reason, action, format string, args ...any) {
	ctrl.LoggerFrom(ctx).Info(prefix+fmt.Sprintf(format, args...), "cluster", a.Cluster, "reason", reason)
	a.Recorder.Eventf(a.Object, nil, kind, reason, action, format, args...)
}
