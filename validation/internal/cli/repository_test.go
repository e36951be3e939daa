package cli

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint/repository"
)

// A repository of 500 files with charts, overlays, patches, encrypted Secrets and templates gets its verdict from one run
// over its root: every mistake, and nothing else. BenchmarkRepository in bench measures the same.
func TestARepositoryOf500Files(t *testing.T) {
	root := t.TempDir()
	wrong, err := repository.Write(root)
	require.NoError(t, err)
	require.NotEmpty(t, wrong)

	code, stdout, stderr := run("", "-o", "json", "--fail-on", "info", root)
	assert.Equal(t, ExitFindings, code, stderr)
	assert.Empty(t, stderr)
	var report struct {
		Findings     []struct{ Rule, Severity, Source, Path string }
		Unreadable   []any
		SkippedFiles []struct{ Unrendered bool }
		Validated    int
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	var found []string
	for _, f := range report.Findings {
		relative, err := filepath.Rel(root, f.Source)
		require.NoError(t, err)
		found = append(found, relative)
		assert.Equal(t, "error HM003 spec.template.spec.memory", f.Severity+" "+f.Rule+" "+f.Path)
	}
	assert.Equal(t, wrong, found)
	assert.Empty(t, report.Unreadable)
	assert.Equal(t, repository.Objects, report.Validated)
	unrendered := 0
	for _, skipped := range report.SkippedFiles {
		if skipped.Unrendered {
			unrendered++
		}
	}
	assert.Equal(t, repository.Unrendered, unrendered)
	assert.Len(t, report.SkippedFiles, repository.Skipped+repository.Unrendered)
}
