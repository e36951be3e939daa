package checks

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each alert links to its page, each page belongs to an alert, and no page lacks a part.
func TestEveryAlertHasItsRunbook(t *testing.T) {
	dir := mustRoot(t)
	rules, err := os.ReadFile(filepath.Join(dir, "config", "prometheus", "rules.yaml"))
	require.NoError(t, err)
	alerts := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1) {
		alerts[match[1]] = true
	}
	require.NotEmpty(t, alerts)

	pages, err := filepath.Glob(filepath.Join(dir, "docs", "runbooks", "CAPHV*.md"))
	require.NoError(t, err)
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		assert.True(t, alerts[name], "no alert has the page %s", name)
		delete(alerts, name)
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, part := range []string{"# " + name + "\n", "## Symptom\n", "## How to see it\n", "## Cure\n", "## How to know it is cured\n"} {
			assert.Contains(t, string(text), part, name)
		}
	}
	assert.Empty(t, alerts, "alerts without a page in docs/runbooks")
}
