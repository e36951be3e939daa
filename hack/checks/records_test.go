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

var (
	recordHeading = regexp.MustCompile(`^# (\d{4}): (.+)\n\n(Accepted|Superseded by \[(\d{4})\]\((\S+)\)), \d{4}-\d{2}-\d{2}\.\n\n## Context\n`)
	code          = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	link          = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
)

// Every decision has a heading, a status, a date, and a row in the table of decisions.
func TestDecisionsHaveOneForm(t *testing.T) {
	dir := filepath.Join(mustRoot(t), "docs", "adr")
	table, err := os.ReadFile(filepath.Join(dir, "README.md"))
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(dir, "[0-9]*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)

	for _, path := range paths {
		name := filepath.Base(path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		parts := recordHeading.FindStringSubmatch(string(text))
		if !assert.NotNil(t, parts, "%s: the form is `# NNNN: title`, then `Accepted, YYYY-MM-DD.`, then `## Context`", name) {
			continue
		}
		assert.True(t, strings.HasPrefix(name, parts[1]+"-"), "%s has the number %s in its heading", name, parts[1])
		assert.Contains(t, string(table), "| ["+parts[1]+"]("+name+") | "+parts[2], "README.md lacks the row of %s", name)
		if parts[4] != "" {
			assert.FileExists(t, filepath.Join(dir, parts[5]), name)
		}
	}
}

// A page that no other page leads to is read by no one, and a link that leads nowhere stops a reader.
func TestPagesLeadToEachOther(t *testing.T) {
	dir := mustRoot(t)
	linked := map[string]bool{}
	var pages []string
	walk(t, dir, ".md", func(path, text string) {
		if filepath.Dir(path) == filepath.Join(dir, "docs") {
			pages = append(pages, path)
		}
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			target := filepath.Join(filepath.Dir(path), match[1])
			if _, err := os.Stat(target); assert.NoError(t, err, "%s leads to %s", path, match[1]) && target != path {
				linked[target] = true
			}
		}
	})
	require.NotEmpty(t, pages)
	for _, page := range pages {
		assert.True(t, linked[page], "no page leads to %s", page)
	}
}
