package v1beta1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The API server refuses a condition whose reason is empty or of another form, and with it the whole status.
var conditionWord = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// TestConditionsAndReasonsAreValidAndNamedAlike reads the constants from the source, so that none can be forgotten.
func TestConditionsAndReasonsAreValidAndNamedAlike(t *testing.T) {
	constants := stringConstants(t, "*_conditions.go")
	require.Greater(t, len(constants), 40)
	values := map[string]string{}
	for name, value := range constants {
		assert.Regexp(t, conditionWord, value, name)
		assert.LessOrEqual(t, len(value), 316, name)
		suffix := "Reason"
		if strings.HasSuffix(name, "Condition") {
			suffix = "Condition"
		}
		require.True(t, strings.HasSuffix(name, suffix), "%s is neither a condition nor a reason", name)
		if suffix == "Reason" {
			assert.Equal(t, strings.TrimSuffix(name, "Reason"), value, "a reason's constant is named after its value")
		}
		other, taken := values[suffix+value]
		assert.False(t, taken, "%s and %s have the same value", name, other)
		values[suffix+value] = name
	}
}

// stringConstants returns the constants with a literal value in the files that match; those that repeat Cluster API's
// constants have none.
func stringConstants(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	constants := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				value, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				constants[spec.Names[0].Name] = value
			}
			return true
		})
	}
	return constants
}
