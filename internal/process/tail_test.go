package process_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for name, test := range map[string]struct {
		text  string
		lines int
		want  string
	}{
		"empty":         {"", 3, ""},
		"fewer":         {"a\nb\n", 3, "a\nb"},
		"more":          {"a\nb\nc\nd\n", 2, "c\nd"},
		"half a line":   {"a\nb", 1, "b"},
		"none wanted":   {"a\nb", 0, ""},
		"one long line": {"first\n" + long, 2, long[:16<<10]},
	} {
		path := filepath.Join(t.TempDir(), "log")
		require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
		assert.Equal(t, test.want, process.Tail(path, test.lines), name)
	}
	assert.Empty(t, process.Tail("/does/not/exist", 3))
}
