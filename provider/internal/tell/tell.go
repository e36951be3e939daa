package tell

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// About is an object of a cluster that there is something to tell about.
type About struct {
	Recorder events.EventRecorder
	Object   client.Object
	// Cluster is the name of the Cluster that the object belongs to.
	Cluster string
	// Machine is the name of the Machine that the object belongs to, and VM its VM on Harvester as "namespace/name". Both are
	// keys of the log's line, unless they are empty.
	Machine, VM string
	// Related is the other thing that an event is about. Events of one object with the same reason become one event with the
	// first note, unless it differs (client-go v0.36.3, tools/events); so whoever tells of several things at once sets it.
	Related runtime.Object
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
	ctrl.LoggerFrom(ctx).Info(prefix+text, a.keys(reason)...)
	EventAbout(a.Recorder, a.Object, a.Related, kind, reason, action, "%s", text)
}

// keys are what the log's lines are looked for by.
func (a About) keys(reason string) []any {
	keys := []any{"cluster", a.Cluster}
	if a.Machine != "" {
		keys = append(keys, "machine", a.Machine)
	}
	if a.VM != "" {
		keys = append(keys, "vm", a.VM)
	}
	return append(keys, "reason", reason)
}

// maxNote is the API server's limit for an event's note, in bytes. A longer one is dropped without a word.
const maxNote = 1024

// Event writes an event that is about one object only.
func Event(recorder events.EventRecorder, object client.Object, kind, reason, action, format string, args ...any) {
	EventAbout(recorder, object, nil, kind, reason, action, format, args...)
}

// Pool is an address pool on Harvester, as what an event is related to.
func Pool(name string) *corev1.ObjectReference {
	return &corev1.ObjectReference{APIVersion: lbv1.GroupVersion.String(), Kind: "IPPool", Name: name}
}

// Address is an address of a pool on Harvester, as what an event is related to.
func Address(pool, address string) *corev1.ObjectReference {
	related := Pool(pool)
	related.FieldPath = fmt.Sprintf("status.allocated[%s]", address)
	return related
}

// EventAbout writes an event whose note is cut where it is too long. Every event of the provider is written by it. related is
// nil where the event is about one object only; see About.Related.
func EventAbout(recorder events.EventRecorder, object client.Object, related runtime.Object, kind, reason, action, format string, args ...any) {
	note := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	if len(note) > maxNote {
		const cut = " ..."
		end := maxNote - len(cut)
		for !utf8.RuneStart(note[end]) {
			end--
		}
		note = note[:end] + cut
	}
	recorder.Eventf(object, related, kind, reason, action, "%s", note)
}
