package checks

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notOurs are words that docs/glossary.md lists under "not". Words that have a use of their own as well, such as "tell" and
// "card", are left to the reader.
var notOurs = regexp.MustCompile(`(?i)\b(guest clusters?|NICs?|folders?|stand-ins?|judg(e|es|ed|ing|ment)|pass(es|ed|ing)? over|mend(s|ed|ing)?|(no|some)body('s)?|born with|nowhere|house|furniture|strangers?)\b`)

// stillToSweep are the pages that hold such words yet. A page that no longer does leaves the list; none may come.
var stillToSweep = []string{
	"Makefile",
	"cloudinit/README.md",
	"validation/RULES.md",
}

// The words of the pages are those of the glossary.
func TestPagesUseTheWordsOfTheGlossary(t *testing.T) {
	dir := mustRoot(t)
	pages := pagesOf(t, dir)
	require.Greater(t, len(pages), 30)
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(dir, page))
		require.NoError(t, err)
		found := unwanted(string(text))
		if slices.Contains(stillToSweep, page) {
			if len(found) == 0 {
				t.Logf("%s is clean now: take it off stillToSweep", page)
			}
		} else {
			assert.Empty(t, found, "%s: use the words of docs/glossary.md", page)
		}
	}
}

// pagesOf lists what people read: pages, the Makefile and workflows. The glossary itself names the words, and what a
// changelog says of the past stays.
func pagesOf(t *testing.T, dir string) []string {
	t.Helper()
	pages := []string{"Makefile", ".ci/run"}
	add := func(path, _ string) {
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		if name != "docs/glossary.md" && !strings.HasSuffix(name, "CHANGELOG.md") && !strings.Contains(name, "testdata/") {
			pages = append(pages, name)
		}
	}
	walk(t, dir, ".md", add)
	walk(t, filepath.Join(dir, ".github"), ".yml", add)
	return pages
}

// unwanted finds the words outside of names in code and of links.
func unwanted(text string) []string {
	text = regexp.MustCompile("`[^`\n]*`|\\]\\([^)]*\\)").ReplaceAllString(text, "")
	found := notOurs.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestUnwantedWords(t *testing.T) {
	assert.Equal(t, []string{"Folder", "mended", "nobody"}, unwanted("Folder, mended; nobody and recommended and warehouse"))
	assert.Empty(t, unwanted("see `judge` and [the page](docs/the-stand-in.md)"))
}
