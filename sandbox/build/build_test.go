package build

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// miniature is a repository with one tiny third-party program.
func miniature(t *testing.T) (root string, p Program) {
	t.Helper()
	root = t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	write("go.work", "go 1.26.0\n")
	write("tiny/go.mod", "module example.org/tiny\n\ngo 1.26.0\n")
	write("tiny/go.sum", "")
	write("tiny/main.go", "package main\n\nfunc main() { println(\"tiny\") }\n")
	write("tiny/config/kustomization.yaml", "resources: [namespace.yaml]\nnamePrefix: tiny-\n")
	write("tiny/config/namespace.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
	return root, Program{
		Name: "tiny", Title: "a tiny program", Module: "tiny", Package: ".",
		Links: []string{"one", "two"}, Manifests: "config", ThirdParty: true,
	}
}

func TestAThirdPartyProgramIsBuiltOnceAndAgainWhenItChanges(t *testing.T) {
	t.Setenv(AssetsVariable, "")
	root, p := miniature(t)
	var out bytes.Buffer
	b := &Builder{Root: root, Out: &out}
	paths := b.paths()

	require.NoError(t, b.one(t.Context(), p))
	assert.FileExists(t, paths.Program("tiny"))
	assert.FileExists(t, filepath.Join(paths.Assets(), "one"))
	assert.FileExists(t, filepath.Join(paths.Assets(), "two"))
	manifest, err := os.ReadFile(paths.Manifest("tiny"))
	require.NoError(t, err)
	assert.Contains(t, string(manifest), "name: tiny-c")
	assert.Contains(t, out.String(), "built in")

	out.Reset()
	require.NoError(t, b.one(t.Context(), p))
	assert.Empty(t, out.String(), "an unchanged program was built again")

	require.NoError(t, os.WriteFile(filepath.Join(root, "tiny", "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644))
	require.NoError(t, b.one(t.Context(), p))
	assert.Contains(t, out.String(), "built in")
}

func TestAProgramInAFolderOfItsModuleIsBuiltAgainWhenEitherChanges(t *testing.T) {
	t.Setenv(AssetsVariable, "")
	root, p := miniature(t)
	write := func(name, content string) {
		path := filepath.Join(root, "tiny", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	mark := func() string {
		digest, err := fingerprint(filepath.Join(root, "tiny"), p, "go1.26")
		require.NoError(t, err)
		return digest
	}
	p.Package = "./cmd/tiny"
	write("cmd/tiny/main.go", "package main\n\nfunc main() {}\n")
	first := mark()
	write("tiny_test.go", "package main\n")
	assert.Equal(t, first, mark(), "a test is no part of the program")
	write("cmd/tiny/main.go", "package main\n\nfunc main() { println() }\n")
	second := mark()
	assert.NotEqual(t, first, second)
	write("main.go", "package tiny\n")
	assert.NotEqual(t, second, mark())
}

func TestABrokenProgramShowsWhatTheCompilerSays(t *testing.T) {
	t.Setenv(AssetsVariable, "")
	root, p := miniature(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "tiny", "main.go"), []byte("package main\n\nfunc main() { nonsense() }\n"), 0o644))
	b := &Builder{Root: root, Out: &bytes.Buffer{}}

	err := b.one(t.Context(), p)

	require.ErrorContains(t, err, "undefined: nonsense")
	assert.Empty(t, b.stamps().read(p), "a failed build is remembered as done")
}

func TestSuppliedBinariesAreNotBuilt(t *testing.T) {
	supplied := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
		require.NoError(t, os.WriteFile(filepath.Join(supplied, name), nil, 0o755))
	}
	t.Setenv(AssetsVariable, supplied)
	root, p := miniature(t)
	var out bytes.Buffer
	b := &Builder{Root: root, Out: &out}

	require.NoError(t, b.one(t.Context(), p))

	assert.NoFileExists(t, b.paths().Program("tiny"))
	assert.Contains(t, out.String(), supplied)
	assert.Equal(t, supplied, b.paths().Assets())
}

func TestOurOwnFolderIsNotTakenForASuppliedOne(t *testing.T) {
	root, p := miniature(t)
	p.Links = []string{"etcd", "kube-apiserver", "kube-controller-manager"}
	t.Setenv(AssetsVariable, "")
	b := &Builder{Root: root, Out: &bytes.Buffer{}}
	require.NoError(t, b.one(t.Context(), p))
	byAnotherName := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(b.paths().ownAssets(), byAnotherName))
	t.Setenv(AssetsVariable, byAnotherName)
	assert.False(t, b.suppliedElsewhere(p))
}

func TestIncompleteSuppliedBinariesAreIgnored(t *testing.T) {
	supplied := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(supplied, "etcd"), nil, 0o755))
	t.Setenv(AssetsVariable, supplied)
	assert.Equal(t, "/r/bin/assets", Paths{Root: "/r"}.Assets())
}

func TestUnknownProgramsAreNamed(t *testing.T) {
	err := (&Builder{Root: t.TempDir(), Out: &bytes.Buffer{}}).Build(t.Context(), "emacs")
	require.ErrorContains(t, err, `"emacs"`)
	assert.ErrorContains(t, err, "kubernetes")
}

func TestRootIsFoundFromBelow(t *testing.T) {
	root, _ := miniature(t)
	found, err := Root(filepath.Join(root, "tiny", "config"))
	require.NoError(t, err)
	assert.Equal(t, root, found)
	_, err = Root("/")
	assert.ErrorIs(t, err, ErrNoRepository)
}

func TestPackagesAreToldFromComplaints(t *testing.T) {
	var packages []string
	complaints := follow(strings.NewReader(strings.Join([]string{
		"go: downloading k8s.io/api v0.36.3", "k8s.io/api/core/v1", "# example.org/broken", "main.go:3:15: undefined: x", "runtime",
	}, "\n")), func(pkg string) { packages = append(packages, pkg) })
	assert.Equal(t, []string{"k8s.io/api/core/v1", "runtime"}, packages)
	assert.Equal(t, "# example.org/broken\nmain.go:3:15: undefined: x\n", complaints)
}

func TestKubernetesReportsItsVersion(t *testing.T) {
	flags := kubernetesVersionFlags("v1.36.3")
	assert.Contains(t, flags, "-X k8s.io/component-base/version.gitVersion=v1.36.3")
	assert.Contains(t, flags, "-X k8s.io/client-go/pkg/version.gitMinor=36")
	assert.Empty(t, kubernetesVersionFlags("devel"))
}

func TestProgressNamesThePackageAtHand(t *testing.T) {
	progress := startTicker(&bytes.Buffer{}, "kubernetes")
	defer progress.end()
	assert.Contains(t, progress.line(), "resolving modules")
	progress.compiled("k8s.io/kubernetes/pkg/apis/core")
	progress.compiled(strings.Repeat("long/", 20) + "end")
	assert.Contains(t, progress.line(), "2 packages compiled")
	assert.Contains(t, progress.line(), "long/end")
	assert.LessOrEqual(t, len(progress.line()), 110)
}
