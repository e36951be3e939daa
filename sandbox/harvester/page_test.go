package harvester_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page that says which test shows what names tests that are here, and the groups of behaviours that a provider can
// come across. (A check of the house looks at tests of other modules as well.)
func TestThePageOfTheStandInNamesTestsThatExist(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "harvester-stand-in.md"))
	require.NoError(t, err)
	source := testsBelow(t, ".") + testsBelow(t, filepath.Join("..", "guest")) + testsBelow(t, filepath.Join("..", "..", "conformance")) +
		testsBelow(t, filepath.Join("..", "..", "provider"))
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(named), 80)
	for _, name := range named {
		assert.Contains(t, source, "func "+name[1]+"(t *testing.T)", name[1])
	}
	for _, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| behaviour") {
			assert.Contains(t, line, "`Test", "a behaviour without a test: %s", line)
		}
	}
}

// testsBelow is the code of all tests in a folder and below it.
func testsBelow(t *testing.T, folder string) string {
	t.Helper()
	var source strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		source.Write(content)
		return err
	}))
	return source.String()
}
