package tell

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

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
	text := fmt.Sprintf(format, args...)
	ctrl.LoggerFrom(ctx).Info(prefix+text, "cluster", a.Cluster, "reason", reason)
	Event(a.Recorder, a.Object, kind, reason, action, "%s", text)
}

// maxNote is the API server's limit for an event's note, in bytes. A longer one is dropped without a word.
const maxNote = 1024

// Event writes an event whose note is cut where it is too long. Every event of the provider is written by it.
func Event(recorder events.EventRecorder, object client.Object, kind, reason, action, format string, args ...any) {
	note := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	if len(note) > maxNote {
		const cut = " ..."
		end := maxNote - len(cut)
		for !utf8.RuneStart(note[end]) {
			end--
		}
		note = note[:end] + cut
	}
	recorder.Eventf(object, nil, kind, reason, action, "%s", note)
}
