package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// manifestOf is one manifest of the corpus, and what it should get: "ok", or the severity and the rule of a finding.
type manifestOf struct{ file, text, want string }

func readCorpus(t *testing.T) []manifestOf {
	t.Helper()
	names, err := filepath.Glob("../../testdata/corpus/*.yaml")
	require.NoError(t, err)
	var all []manifestOf
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			if first, rest, _ := strings.Cut(document, "\n"); strings.HasPrefix(first, "# want: ") {
				all = append(all, manifestOf{file: filepath.Base(name), text: rest, want: strings.TrimPrefix(first, "# want: ")})
			}
		}
	}
	return all
}

// inner are words of CEL and of Go that no manifest has.
var inner = regexp.MustCompile(`no such overload|no such key|types\.|ref\.Val|iterable|<nil>|%!|interface \{\}|map\[|unsupported|cel|CEL|conversion error`)

// Every manifest gets the verdict that it should get, by the rule that it should get it by; and no finding shows what it
// is made with.
func TestCorpus(t *testing.T) {
	corpus := readCorpus(t)
	require.GreaterOrEqual(t, len(corpus), 150)
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	for _, m := range corpus {
		name := nameIn(m.text)
		t.Run(m.file+"/"+name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.yaml")
			require.NoError(t, os.WriteFile(file, []byte(m.text), 0o600))
			report, err := Run(Job{Engine: engine, Schemas: schemas, Files: []string{file}})
			require.NoError(t, err)
			require.Empty(t, report.Unreadable)
			require.Equal(t, 1, report.Validated)

			var found []string
			places := map[string]bool{}
			for _, f := range report.Findings {
				found = append(found, string(f.Severity)+" "+f.RuleID)
				assert.NotRegexp(t, inner, f.Message)
				// Several variables may be missing from one list.
				twice := places[f.Path] && f.Path != "spec.topology.variables"
				assert.False(t, twice, "one place is told about twice: %s: %s", f.Path, f.Message)
				places[f.Path] = places[f.Path] || f.Severity == validation.Error
				assert.NotEmpty(t, f.Remediation)
			}
			switch severity, _, _ := strings.Cut(m.want, " "); severity {
			case "ok":
				assert.Zero(t, report.Count(validation.Error)+report.Count(validation.Warning), "%v", report.Findings)
			case "warning":
				assert.Contains(t, found, m.want)
				assert.Zero(t, report.Count(validation.Error), "%v", report.Findings)
			default:
				assert.Contains(t, found, m.want, "%v", report.Findings)
			}
		})
	}
}

func nameIn(text string) string {
	found := regexp.MustCompile(`(?m)name: ([a-zA-Z0-9.-]+)`).FindStringSubmatch(text)
	kind := regexp.MustCompile(`(?m)^kind: (\S+)`).FindStringSubmatch(text)
	return kind[1] + "/" + found[1]
}

// Whatever stands in the place of a value, what is said about it is said in the user's words, in every format.
func TestNoFindingShowsHowItIsMade(t *testing.T) {
	scalar := regexp.MustCompile(`(?m)^( +\w+: )\S.*$|(\w+: )[^\s,{}\[\]]+`)
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	for i, m := range readCorpus(t) {
		if i%5 != 0 {
			continue
		}
		for j, wrong := range []string{"7", `"text"`, "[a]", "{a: b}", "true", "1.5", "[[1]]", "null", "[null]", "[{a: [b]}]"} {
			places := scalar.FindAllStringSubmatchIndex(m.text, -1)
			at := places[(i+j*7)%len(places)]
			prefix := 2
			if at[2] < 0 {
				prefix = 4
			}
			text := m.text[:at[prefix+1]] + wrong + m.text[at[1]:]
			file := filepath.Join(t.TempDir(), "x.yaml")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			report, err := Run(Job{Engine: engine, Schemas: schemas, Files: []string{file}})
			require.NoError(t, err, text)
			for _, f := range report.Findings {
				assert.NotRegexp(t, inner, f.Message, text)
				assert.NotContains(t, f.Path, "nil", text)
			}
			for _, format := range Formats {
				var out bytes.Buffer
				require.NoError(t, Write(&out, format, report, About{FailOn: validation.Error}))
				assert.NotContains(t, out.String(), "<nil>", text)
			}
		}
	}
}
