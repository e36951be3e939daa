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

// A page that names a test as its proof must not outlive the test.
func TestTestsThatAreNamedInPagesExist(t *testing.T) {
	dir := mustRoot(t)
	known := map[string]bool{}
	walk(t, dir, "_test.go", func(_, text string) {
		for _, match := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`).FindAllStringSubmatch(text, -1) {
			known[match[1]] = true
		}
	})
	require.NotEmpty(t, known)
	named := 0
	walk(t, dir, ".md", func(path, text string) {
		for _, match := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark|Example)[A-Z]\\w*)[`/]").FindAllStringSubmatch(text, -1) {
			named++
			assert.True(t, known[match[1]], "%s names %s, which does not exist", path, match[1])
		}
	})
	require.Positive(t, named)
}

// Each behavior of the simulator of Harvester has a test that shows it.
func TestEveryBehaviorOfTheSimulatorNamesATest(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(mustRoot(t), "docs", "harvester-simulator.md"))
	require.NoError(t, err)
	rows := 0
	for _, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| behaviour") {
			rows++
			assert.Contains(t, line, "`Test", "a behavior without a test: %s", line)
		}
	}
	require.Greater(t, rows, 20)
}

// maxLines is what one file may hold; more than that is two files.
const maxLines = 600

func TestNoFileIsTooLong(t *testing.T) {
	walk(t, mustRoot(t), ".go", func(path, text string) {
		if !strings.Contains(path, "zz_generated") {
			assert.LessOrEqual(t, strings.Count(text, "\n"), maxLines, path)
		}
	})
}

// walk reads the repository's files of one kind, without what is built or cached in it.
func walk(t *testing.T, dir, suffix string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "bin" || entry.Name() == "out" || (strings.HasPrefix(entry.Name(), ".") && path != dir)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			visit(path, string(data))
		}
		return err
	})
	require.NoError(t, err)
}
