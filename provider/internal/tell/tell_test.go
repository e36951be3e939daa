package tell_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

// The API server drops an event whose note has more than 1,024 bytes, and nobody hears of it.
func TestNotesOfEventsAreCut(t *testing.T) {
	recorder := events.NewFakeRecorder(2)
	about := tell.About{Recorder: recorder, Object: &corev1.Secret{}}
	about.Warning(t.Context(), "Reason", "Action", "%s and %d%%", strings.Repeat("\u00e4", 1000), 5)
	note := strings.TrimPrefix(<-recorder.Events, "Warning Reason ")
	assert.LessOrEqual(t, len(note), 1024)
	assert.True(t, utf8.ValidString(note))
	about.Normal(t.Context(), "Reason", "Action", "%d%% of it", 5)
	assert.Equal(t, "Normal Reason 5% of it", <-recorder.Events)
}

// Two addresses of one machine are two events, each with its own note: client-go makes one of events that are alike but for
// their notes.
func TestEventsAboutSeveralThingsKeepTheirNotes(t *testing.T) {
	cluster := fake.NewClientset()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: cluster.EventsV1()})
	t.Cleanup(broadcaster.Shutdown)
	require.NoError(t, broadcaster.StartRecordingToSinkWithContext(t.Context()))
	recorder := broadcaster.NewRecorder(scheme.Scheme, "test")

	object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "uid", ResourceVersion: "1"}}
	about := tell.About{Recorder: recorder, Object: object}
	for _, address := range []string{"10.0.0.1", "10.1.0.1"} {
		about.Related = tell.Address("pool", address)
		about.Normal(t.Context(), "AddressAllocated", "Allocate", "Allocated %s", address)
	}
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		stored, err := cluster.EventsV1().Events("default").List(context.Background(), metav1.ListOptions{})
		require.NoError(t, err)
		var notes []string
		for _, event := range stored.Items {
			notes = append(notes, event.Note)
		}
		assert.ElementsMatch(t, []string{"Allocated 10.0.0.1", "Allocated 10.1.0.1"}, notes)
	}, 30*time.Second, 10*time.Millisecond)
}
