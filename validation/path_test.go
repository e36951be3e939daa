package validation

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseScope(t *testing.T) {
	s, err := parseScope("spec.volumes[*].tags[*][*]")
	require.NoError(t, err)
	assert.Equal(t, scope{"spec", "volumes", "[*]", "tags", "[*]", "[*]"}, s)
	for _, wrong := range []string{"", ".", "spec..a", "[*]", "spec.a[0]", "spec.a[*]b", "spec. a"} {
		_, err := parseScope(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestScopeFindsEveryPlace(t *testing.T) {
	object := map[string]any{"a": []any{
		map[string]any{"b": int64(1)}, map[string]any{}, map[string]any{"b": int64(3)}, "odd",
	}}
	s, err := parseScope("a[*].b")
	require.NoError(t, err)
	var found, wrong []string
	s.find(object, func(p place) { found = append(found, p.path) }, func(m misfit) { wrong = append(wrong, m.path) })
	assert.Equal(t, []string{"a[0].b", "a[2].b"}, found)
	assert.Equal(t, []string{"a[3]"}, wrong)
	for _, path := range found {
		_, ok := lookUp(object, path)
		assert.True(t, ok, path)
	}
}

func TestLookUpOfNothing(t *testing.T) {
	object := map[string]any{"a": []any{"x"}}
	for _, path := range []string{"b", "a[1]", "a.x", "a[0].b", "a[-1]"} {
		_, ok := lookUp(object, path)
		assert.False(t, ok, path)
	}
	whole, ok := lookUp(object, "")
	assert.True(t, ok)
	assert.Equal(t, object, whole)
}

func TestPathsAreOrderedAsPeopleCount(t *testing.T) {
	paths := []string{"spec.volumes[10]", "spec.volumes[2].size", "spec", "spec.volumes[2]", "metadata.name"}
	slices.SortFunc(paths, comparePaths)
	assert.Equal(t, []string{"metadata.name", "spec", "spec.volumes[2]", "spec.volumes[2].size", "spec.volumes[10]"}, paths)
}
