package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What users start from has no finding, not even a warning.
func TestExamplesHaveNoFindings(t *testing.T) {
	examples, err := filepath.Glob("../../../examples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, path := range examples {
		var output, complaints bytes.Buffer
		code := Run("test", []string{"--fail-on=warning", path}, strings.NewReader(""), &output, &complaints)
		assert.Zero(t, code, "%s%s", output.String(), complaints.String())
		assert.Regexp(t, `(?m)^[1-9][0-9]* validated, `, output.String(), path)
	}
}
