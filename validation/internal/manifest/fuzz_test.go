package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a stream holds, reading ends without a panic, errors say where, and every position lies in the stream.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"../cli/testdata/*.yaml", "../../testdata/base/*.yaml", "../../testdata/field/*.yaml"} {
		names, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, names)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(f, err)
			if len(text) < 20_000 {
				f.Add(text)
			}
		}
	}
	for _, text := range []string{
		"", "---", "...\n---\n", "a: [", "a: &x [*x]", "a: &a {b: *a}", "\xef\xbb\xbfkind: A\n", "--- {kind: List, items: [{kind: A}, [{kind: B}]]}",
		"{\"kind\": \"A\"}\n{\"kind\": \"B\"}", "%YAML 1.2\n---\nkind: A\n...\nkind: B", "kind: A\r\n---\r\nkind: B\r\n", "? [a]\n: b",
		"<<: {kind: A}\n", "kind: !!binary AA==", "a: 1e400", "kind: A\nkind: B", "\x00", "- - - kind: A", "a: |\n  ---\n  b",
		"kind: List\nitems: [{kind: List, items: []}]\n", "\r\r\r{}tv{{}{\r\r", "[[[",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		objects, err := Read("f", bytes.NewReader(text))
		if err != nil {
			malformed := &MalformedError{}
			require.ErrorAs(t, err, &malformed)
			assert.Positive(t, malformed.Line)
		}
		again, errAgain := Read("f", bytes.NewReader(text))
		require.Equal(t, err == nil, errAgain == nil)
		require.Len(t, again, len(objects))
		// YAML ends a line at more characters than a file does.
		lines := 2
		for _, r := range string(text) {
			if strings.ContainsRune("\r\n\u0085\u2028\u2029", r) {
				lines++
			}
		}
		for _, object := range objects {
			require.NotNil(t, object.Content)
			_, _ = object.Kind(), object.Name()
			locator := NewLocator(object)
			for _, path := range []string{"", "spec", "spec.volumes[1].imageName", "items[0].metadata.name", "[", "..", "metadata[x]"} {
				at := locator.Find(path)
				assert.Positive(t, at.Line, path)
				assert.Positive(t, at.Column, path)
				assert.LessOrEqual(t, at.Line, lines, path)
			}
		}
	})
}
