package validation

import (
	stdjson "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// fixtureFile is one file of testdata/rules.
type fixtureFile struct {
	Kind  string    `json:"kind"`
	Cases []fixture `json:"cases"`
}

type fixture struct {
	Rule           string         `json:"rule"`
	Patch          map[string]any `json:"patch"`
	Old            map[string]any `json:"old"`
	DryRunTopology bool           `json:"dryRunTopology"`
	Want           []string       `json:"want"`
	// Bundle are the objects beside it; nil validates the object alone.
	Bundle []map[string]any `json:"bundle"`
}

// findings returns what an engine finds in the fixture's object.
func (c fixture) findings(e *Engine, object, old map[string]any) []Finding {
	if c.Bundle != nil {
		return e.ValidateBundle(append([]map[string]any{object}, c.Bundle...))[0].Findings
	}
	return e.Validate(object, old, Options{DryRunTopology: c.DryRunTopology})
}

func fixtures(t *testing.T) []fixtureFile {
	t.Helper()
	names, err := filepath.Glob("testdata/rules/*.yaml")
	require.NoError(t, err)
	var files []fixtureFile
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		data, err := yaml.YAMLToJSONStrict(text)
		require.NoError(t, err, name)
		var file fixtureFile
		require.NoError(t, json.Unmarshal(data, &file), name)
		files = append(files, file)
	}
	return files
}

func TestBaseObjectsAreRight(t *testing.T) {
	for _, file := range fixtures(t) {
		assert.Empty(t, engine().Validate(base(t, file.Kind), nil, Options{}), file.Kind)
	}
}

func TestRulesFindWhatTheirFixturesSay(t *testing.T) {
	for _, file := range fixtures(t) {
		for i, c := range file.Cases {
			t.Run(fmt.Sprintf("%s/%s/%d", file.Kind, c.Rule, i), func(t *testing.T) {
				object := merge(base(t, file.Kind), c.Patch)
				var old map[string]any
				if c.Old != nil {
					old = merge(base(t, file.Kind), c.Old)
				}
				findings := c.findings(engine(), object, old)
				assert.ElementsMatch(t, c.Want, brief(findings))
				plain := c.findings(engine(), withFloats(t, object), withFloats(t, old))
				assert.Equal(t, findings, plain, "numbers as encoding/json decodes them")
				for _, f := range findings {
					assert.NotEmpty(t, f.Message)
					assert.NotEmpty(t, f.Remediation)
				}
			})
		}
	}
}

// withFloats decodes an object anew, with every number as a float64.
func withFloats(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	if object == nil {
		return nil
	}
	data, err := stdjson.Marshal(object)
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, stdjson.Unmarshal(data, &decoded))
	return decoded
}

// A rule that no fixture breaks, or that no fixture satisfies, could say anything.
func TestEveryRuleHasAPassingAndAFailingFixture(t *testing.T) {
	passing, failing := map[string]bool{}, map[string]bool{}
	for _, file := range fixtures(t) {
		for _, c := range file.Cases {
			found := slices.ContainsFunc(c.Want, func(want string) bool { return strings.Contains(want, " "+c.Rule+" ") })
			if found {
				failing[c.Rule] = true
			} else {
				passing[c.Rule] = true
			}
		}
	}
	for _, rule := range engine().Rules() {
		assert.True(t, passing[rule.ID], "%s (%s) has no passing fixture in testdata/rules", rule.ID, rule.Title)
		assert.True(t, failing[rule.ID], "%s (%s) has no failing fixture in testdata/rules", rule.ID, rule.Title)
	}
}

// With a rule switched off, its failing fixtures must notice.
func TestEveryRuleIsNeededByAFixture(t *testing.T) {
	files := fixtures(t)
	for _, off := range engine().Rules() {
		noticed := false
		for _, file := range files {
			without := without(engine(), off.ID)
			for _, c := range file.Cases {
				if c.Rule != off.ID || len(c.Want) == 0 {
					continue
				}
				var old map[string]any
				if c.Old != nil {
					old = merge(base(t, file.Kind), c.Old)
				}
				got := brief(c.findings(without, merge(base(t, file.Kind), c.Patch), old))
				noticed = noticed || len(got) < len(c.Want)
			}
		}
		assert.True(t, noticed, "%s can be switched off and no fixture notices", off.ID)
	}
}

// without copies the engine and leaves one rule out.
func without(e *Engine, id string) *Engine {
	reduced := &Engine{catalog: e.catalog, kinds: map[string][]*boundRule{}}
	for kind, rules := range e.kinds {
		reduced.kinds[kind] = slices.DeleteFunc(slices.Clone(rules), func(r *boundRule) bool { return r.ID == id })
	}
	return reduced
}

// Objects that clusters hold today must stay welcome, whatever warnings they earn.
func TestObjectsInTheFieldAreNotRejected(t *testing.T) {
	names, err := filepath.Glob("testdata/field/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			object := readObject(t, name)
			require.True(t, engine().Handles(object))
			for _, f := range engine().Validate(object, nil, Options{}) {
				assert.NotEqual(t, Error, f.Severity, f.String())
			}
		})
	}
}
