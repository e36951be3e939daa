package validation

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// engine is compiled once for all tests, which also shows that it can be shared.
var engine = sync.OnceValue(func() *Engine {
	e, err := NewEngine()
	if err != nil {
		panic(err)
	}
	return e
})

// decode reads YAML as the API server would hand it over: numbers without a fraction are int64.
func decode(tb testing.TB, text []byte) map[string]any {
	tb.Helper()
	data, err := yaml.YAMLToJSON(text)
	require.NoError(tb, err)
	var object map[string]any
	require.NoError(tb, json.Unmarshal(data, &object))
	return object
}

func readObject(tb testing.TB, path ...string) map[string]any {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(tb, err)
	return decode(tb, text)
}

func base(tb testing.TB, kind string) map[string]any {
	tb.Helper()
	return readObject(tb, "testdata", "base", strings.ToLower(kind)+".yaml")
}

// merge applies a JSON merge patch (RFC 7396), but keeps nulls out.
func merge(object, patch map[string]any) map[string]any {
	merged := map[string]any{}
	for name, value := range object {
		merged[name] = value
	}
	for name, change := range patch {
		switch change := change.(type) {
		case nil:
			delete(merged, name)
		case map[string]any:
			inner, _ := merged[name].(map[string]any)
			merged[name] = merge(inner, change)
		default:
			merged[name] = change
		}
	}
	return merged
}

// brief writes findings as the fixtures do.
func brief(findings []Finding) []string {
	lines := []string{}
	for _, f := range findings {
		lines = append(lines, strings.TrimSpace(string(f.Severity)+" "+f.RuleID+" "+f.Path))
	}
	return lines
}
