package checks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// One version of a dependency in all modules: what is tested together is what an importer of two of our libraries gets,
// and no package is compiled twice because of a number.
func TestDependenciesHaveOneVersion(t *testing.T) {
	modules, err := readModules(mustRoot(t))
	require.NoError(t, err)
	require.Greater(t, len(modules), 15)
	for _, d := range differences(modules) {
		t.Errorf("%s: %s takes %s, %s takes %s; run in one of them: go get %s@VERSION", d.path, d.module, d.version, d.other, d.otherVersion, d.path)
	}
}

// An exception that is needed no more goes.
func TestExceptionsOfVersionsAreNeeded(t *testing.T) {
	modules, err := readModules(mustRoot(t))
	require.NoError(t, err)
	common := versions(modules["provider"])
	for name := range ownVersions {
		assert.Contains(t, modules, name)
	}
	for name, paths := range ownVersion {
		require.Contains(t, modules, name)
		for path := range paths {
			assert.NotEqual(t, common[path], versions(modules[name])[path], "%s in %s is the same version as in provider", path, name)
		}
	}
}

func TestDifferences(t *testing.T) {
	parse := func(text string) *modfile.File {
		file, err := modfile.Parse("go.mod", []byte(text), nil)
		require.NoError(t, err)
		return file
	}
	const alpha = "module a\nrequire example.org/x v1.2.0\nrequire example.org/y v1.0.0\n"

	for name, c := range map[string]struct {
		beta string
		want []difference
	}{
		"equal":             {beta: "module b\nrequire example.org/x v1.2.0\n"},
		"later":             {beta: "module b\nrequire example.org/x v1.3.0\n", want: []difference{{"example.org/x", "a", "v1.2.0", "b", "v1.3.0"}}},
		"indirect counts":   {beta: "module b\nrequire example.org/x v1.3.0 // indirect\n", want: []difference{{"example.org/x", "a", "v1.2.0", "b", "v1.3.0"}}},
		"replaced to equal": {beta: "module b\nrequire example.org/x v0.0.0\nreplace example.org/x => example.org/x v1.2.0\n"},
		"replaced by a dir": {beta: "module b\nrequire example.org/x v0.0.0\nreplace example.org/x => ../x\n"},
		"replaced to other": {beta: "module b\nrequire example.org/x v1.2.0\nreplace example.org/x => example.org/x v1.4.0\n", want: []difference{{"example.org/x", "a", "v1.2.0", "b", "v1.4.0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, differences(map[string]*modfile.File{"a": parse(alpha), "b": parse(c.beta)}))
		})
	}
}
