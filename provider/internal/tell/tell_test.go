package tell_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
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
