package ippool

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

func pool(annotation string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetAnnotations(map[string]string{ReleasedAnnotation: annotation, "of": "another"})
	return object
}

// Times whose year is not one of four digits in UTC, and a note of no address, can be read and not be written.
func TestNotesThatCannotBeWrittenArePassedOver(t *testing.T) {
	notes := releases(`{"192.0.2.1":"9999-12-31T23:59:59-01:00","192.0.2.2":"0000-01-01T00:00:00+01:00","":"2026-01-02T03:04:05Z",
		"192.0.2.3":"2026-01-02T03:04:05+01:00"}`)
	require.Len(t, notes, 1)
	object := pool("")
	require.NoError(t, noteReleases(object, notes))
	assert.JSONEq(t, `{"192.0.2.3":"2026-01-02T02:04:05Z"}`, object.GetAnnotations()[ReleasedAnnotation])
}

// FuzzReleases reads whatever an annotation may hold. What is read can be written, and says the same when read again.
func FuzzReleases(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{", `{"192.0.2.1":"2026-01-02T03:04:05Z"}`, `{"192.0.2.1":"2026-01-02T03:04:05.678+14:00","2001:db8::1%eth0":"0001-01-01T00:00:00Z"}`,
		`{"192.0.2.1":"9999-12-31T23:59:59-23:59"}`, `{"192.0.2.1":"0000-01-01T00:00:00+23:59"}`, `{"":"2026-01-02T03:04:05Z"}`,
		`{"192.0.2.1":null}`, `{"192.0.2.1":5}`, `{"nonsense":"2026-01-02T03:04:05Z"}`, `{"::ffff:192.0.2.1":"2026-01-02T03:04:05Z","192.0.2.1":"2026-01-02T03:04:06Z"}`,
		`{"fe80::1%` + strings.Repeat("z", 1<<14) + `":"2026-01-02T03:04:05Z"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read := ipam.Pool{}
		require.NoError(t, readAnnotations(&read, map[string]string{ReleasedAnnotation: text}))
		object := pool(text)
		require.NoError(t, noteReleases(object, read.Released))
		written := object.GetAnnotations()
		require.Equal(t, "another", written["of"])
		again := releases(written[ReleasedAnnotation])
		require.Len(t, again, len(read.Released))
		for addr, at := range read.Released {
			require.True(t, at.Truncate(time.Second).Equal(again[addr]), "%s: %s, then %s", addr, at, again[addr])
		}
	})
}

// The API server refuses an object whose annotations exceed 256 KiB: then nothing could be released any more.
func TestNotesOfReleasesStayWithinTheLimitOfAnnotations(t *testing.T) {
	released, start := map[netip.Addr]time.Time{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	addr := netip.MustParseAddr("2001:db8:ffff:ffff:ffff:ffff::")
	for i := range 8000 {
		released[addr] = start.Add(time.Duration(i) * time.Second)
		addr = addr.Next()
	}
	object := pool("")
	object.SetAnnotations(map[string]string{"of": strings.Repeat("x", 64<<10)})
	require.NoError(t, noteReleases(object, released))
	size := 0
	for key, value := range object.GetAnnotations() {
		size += len(key) + len(value)
	}
	assert.LessOrEqual(t, size, 256<<10)
	kept := releases(object.GetAnnotations()[ReleasedAnnotation])
	assert.Greater(t, len(kept), 1500)
	for _, at := range kept {
		assert.True(t, at.After(start.Add(time.Duration(7999-len(kept))*time.Second)), "the oldest are left out")
	}

	object.SetAnnotations(map[string]string{"of": strings.Repeat("x", 200<<10)})
	require.NoError(t, noteReleases(object, released))
	assert.NotContains(t, object.GetAnnotations(), ReleasedAnnotation, "there is no room for any")
}
