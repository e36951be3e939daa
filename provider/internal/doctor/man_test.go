package doctor

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	var out, errOut bytes.Buffer
	code := Execute(t.Context(), Streams{Out: &out, Err: &errOut}, "test", "caphv-doctor", []string{"man", directory})
	require.Zero(t, code, errOut.String())
	for _, name := range []string{"caphv-doctor", "caphv-doctor-cluster", "caphv-doctor-machine", "caphv-doctor-man"} {
		assert.FileExists(t, filepath.Join(directory, name+".1"))
	}
}
