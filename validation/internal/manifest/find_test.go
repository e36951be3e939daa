package manifest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"b.yaml", "a.yml", "c.JSON", "notes.txt", "sub/d.yaml", ".git/e.yaml", "sub/.hidden.yaml"} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	selection := Find([]string{Stdin, filepath.Join(root, "notes.txt"), root, filepath.Join(root, "b.yaml")}, nil)
	require.Empty(t, selection.Errors)
	files := selection.Files
	var relative []string
	for _, file := range files[1:] {
		r, err := filepath.Rel(root, file)
		require.NoError(t, err)
		relative = append(relative, r)
	}
	assert.Equal(t, Stdin, files[0])
	assert.Equal(t, []string{"notes.txt", "a.yml", "b.yaml", "c.JSON", "sub/.hidden.yaml", "sub/d.yaml"}, relative)
}

func TestFindNothing(t *testing.T) {
	existing := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(existing, nil, 0o600))
	empty, notes := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(notes, "notes.txt"), nil, 0o600))
	selection := Find([]string{"no-such-file.yaml", existing, empty, notes, "no-*.yaml"}, nil)
	require.Len(t, selection.Errors, 4)
	require.ErrorIs(t, selection.Errors[0], fs.ErrNotExist)
	require.ErrorIs(t, selection.Errors[1], ErrEmptyDirectory)
	require.ErrorIs(t, selection.Errors[2], ErrEmptyDirectory)
	require.ErrorIs(t, selection.Errors[3], ErrNoMatch)
	assert.Equal(t, []string{existing}, selection.Files, "what exists is still read")
}

// writeTree makes a directory with files of these contents.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

func relativeTo(t *testing.T, root string, paths []string) []string {
	t.Helper()
	var all []string
	for _, path := range paths {
		relative, err := filepath.Rel(root, path)
		require.NoError(t, err)
		all = append(all, filepath.ToSlash(relative))
	}
	return all
}

func TestPatchesAndTemplatesAreSkipped(t *testing.T) {
	const kustomization = `
resources: [../base, cluster.yaml]
patches:
- path: cpu.yaml
- target: {kind: HarvesterCluster}
  path: ./patches/network.yaml
- patch: "- {op: remove, path: /spec/server}"
- old-form.yaml
patchesStrategicMerge:
- memory.yaml
- |
  kind: HarvesterMachine
patchesJson6902:
- {path: json6902.yaml, target: {kind: HarvesterMachine, name: m}}
transformers: [labels.yaml]
`
	root := writeTree(t, map[string]string{
		".git/config": "", "overlay/kustomization.yaml": kustomization,
		"overlay/cluster.yaml": "", "overlay/cpu.yaml": "", "overlay/patches/network.yaml": "", "overlay/old-form.yaml": "",
		"overlay/memory.yaml": "", "overlay/json6902.yaml": "", "overlay/labels.yaml": "", "base/machine.yaml": "",
		"chart/Chart.yaml": "", "chart/values.yaml": "", "chart/templates/a.yaml": "", "chart/templates/sub/b.yaml": "",
		"chart/crds/c.yaml": "", "templates/d.yaml": "",
	})
	selection := Find([]string{root}, nil)
	require.Empty(t, selection.Errors)
	assert.Equal(t, []string{
		"base/machine.yaml", "chart/Chart.yaml", "chart/crds/c.yaml", "chart/values.yaml", "overlay/cluster.yaml",
		"overlay/kustomization.yaml", "templates/d.yaml",
	}, relativeTo(t, root, selection.Files))

	var skipped []string
	for _, file := range selection.Skipped {
		skipped = append(skipped, file.Source)
		by := filepath.Join(root, "overlay/kustomization.yaml")
		if file.Reason == SkipTemplate {
			by = filepath.Join(root, "chart/Chart.yaml")
		}
		assert.Equal(t, by, file.By)
	}
	assert.Equal(t, []string{
		"chart/templates/a.yaml", "chart/templates/sub/b.yaml", "overlay/cpu.yaml", "overlay/json6902.yaml", "overlay/labels.yaml",
		"overlay/memory.yaml", "overlay/old-form.yaml", "overlay/patches/network.yaml",
	}, relativeTo(t, root, skipped))

	// A hook names the changed files one by one.
	alone := Find(skipped, nil)
	assert.Empty(t, alone.Files)
	assert.Equal(t, selection.Skipped, alone.Skipped)
}

func TestExclude(t *testing.T) {
	root := writeTree(t, map[string]string{"a.yaml": "", "b.enc.yaml": "", "vendor/c.yaml": "", "x/vendor/d.yaml": "", "x/y/e.yaml": ""})
	for pattern, want := range map[string][]string{
		"vendor":     {"a.yaml", "b.enc.yaml", "x/y/e.yaml"},
		"*.enc.yaml": {"a.yaml", "vendor/c.yaml", "x/vendor/d.yaml", "x/y/e.yaml"},
		"./vendor/":  {"a.yaml", "b.enc.yaml", "x/y/e.yaml"},
		"x/**":       {"a.yaml", "b.enc.yaml", "vendor/c.yaml"},
		"x/y/e.yaml": {"a.yaml", "b.enc.yaml", "vendor/c.yaml", "x/vendor/d.yaml"},
		"none":       {"a.yaml", "b.enc.yaml", "vendor/c.yaml", "x/vendor/d.yaml", "x/y/e.yaml"},
	} {
		t.Run(pattern, func(t *testing.T) {
			selection := Find([]string{root}, Excludes{pattern})
			require.Empty(t, selection.Errors)
			assert.Equal(t, want, relativeTo(t, root, selection.Files))
		})
	}
	t.Chdir(root)
	assert.Equal(t, []string{"a.yaml"}, Find([]string{filepath.Join(root, "x"), "a.yaml"}, Excludes{"x/*"}).Files[:1])
	require.Error(t, Excludes{"a[", "b"}.Check())
	require.Error(t, Excludes{""}.Check())
	require.NoError(t, Excludes{"**/a/*"}.Check())
}
