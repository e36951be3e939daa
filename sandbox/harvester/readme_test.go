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

// The README says which test shows what: every test, file and package that it names is there.
func TestTheReadmeNamesTestsThatExist(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var source strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		source.Write(content)
	}
	_, table, found := strings.Cut(string(readme), "## What is shown, by which test")
	require.True(t, found)
	named := regexp.MustCompile("`(Test\\w+|\\w+_test\\.go)`").FindAllStringSubmatch(table, -1)
	require.Greater(t, len(named), 30)
	for _, name := range named {
		if strings.HasSuffix(name[1], ".go") {
			assert.FileExists(t, name[1])
			continue
		}
		assert.Contains(t, source.String(), "func "+name[1]+"(t *testing.T)", name[1])
	}
}
