package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func mustRoot(t *testing.T) string {
	t.Helper()
	root, err := treeRoot()
	require.NoError(t, err)
	return root
}

func TestComponentsNameTheImageOfTheRelease(t *testing.T) {
	for want, i := range map[string]image{
		imageName + ":v1.2.3":                    {Tag: "v1.2.3"},
		imageName + ":v1.2.3@" + digest:          {Tag: "v1.2.3", Digest: digest},
		"registry.example.org:5000/caphv:v1.2.3": {Name: "registry.example.org:5000/caphv", Tag: "v1.2.3"},
	} {
		components, err := renderComponents(mustRoot(t), i)
		require.NoError(t, err)
		var images []string
		for _, match := range imageLine.FindAllSubmatch(components, -1) {
			images = append(images, string(match[1]))
		}
		assert.Equal(t, []string{want}, images)
	}
}

func TestImagesThatNameNoReleaseAreRefused(t *testing.T) {
	for _, i := range []image{{}, {Tag: "latest"}, {Tag: "a b"}, {Tag: "v1.2.3", Digest: "sha256:1"}} {
		_, err := renderComponents(mustRoot(t), i)
		assert.Error(t, err, "%+v", i)
	}
}

func TestChartFilesAreUpToDate(t *testing.T) {
	root := mustRoot(t)
	files, err := chartFiles(root)
	require.NoError(t, err)
	for _, name := range []string{"crds", "rbac", "webhook", "prometheusrule"} {
		assert.Contains(t, files, generatedDir+"/"+name+".yaml")
	}
	for path, want := range files {
		content, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(content), "%s: run `make generate`", path)
	}
	crds := string(files[generatedDir+"/crds.yaml"])
	assert.Equal(t, strings.Count(crds, "\nkind: CustomResourceDefinition\n"), strings.Count(crds, "helm.sh/resource-policy: keep"))
}

// The tree names one release: the one that comes next.
func TestTheTreeNamesOneRelease(t *testing.T) {
	root := mustRoot(t)
	plan, err := readPlan(root)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"charts/caphv/Chart.yaml":           "appVersion: " + plan.Release + "\n",
		"config/manager/kustomization.yaml": "newTag: " + plan.Release + "\n",
	} {
		content, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Contains(t, string(content), want, path)
	}
	metadata, err := os.ReadFile(filepath.Join(root, "metadata.yaml"))
	require.NoError(t, err)
	parts := strings.Split(strings.TrimPrefix(plan.Release, "v"), ".")
	assert.Contains(t, string(metadata), "- major: "+parts[0]+"\n  minor: "+parts[1]+"\n", "clusterctl refuses a release whose series is not listed")
}

// clusterctl refuses a release whose series is not in its metadata.yaml.
func TestMetadataListsTheReleasesOwnSeries(t *testing.T) {
	const listed = "# Comments stay.\nreleaseSeries:\n- major: 0\n  minor: 10\n  contract: v1beta1\n- major: 0\n  minor: 11\n  contract: v1beta2\n"
	for version, want := range map[string]string{
		"v0.11.3":      listed,
		"v0.10.9-rc.1": listed,
		"v0.12.0":      listed + "- major: 0\n  minor: 12\n  contract: v1beta2\n",
		"v1.2.3":       listed + "- major: 1\n  minor: 2\n  contract: v1beta2\n",
		"dev":          listed,
	} {
		metadata, err := withSeries([]byte(listed), version)
		require.NoError(t, err)
		assert.Equal(t, want, string(metadata), version)
	}
	_, err := withSeries([]byte("releaseSeries: []\n"), "v0.12.0")
	assert.ErrorContains(t, err, "releaseSeries is empty")
}

// Twice the same bytes. The commands are left out here, as they take minutes; `make release-twice` builds them as well.
func TestAssetsAreReproducible(t *testing.T) {
	var runs [2]map[string]string
	for i := range runs {
		s := settings{root: mustRoot(t), image: image{Tag: "v1.2.3", Digest: digest}, out: t.TempDir()}
		require.NoError(t, s.writeAssets(t.Context(), io.Discard))
		runs[i] = map[string]string{}
		paths, err := filepath.Glob(filepath.Join(s.out, "v1.2.3", "*"))
		require.NoError(t, err)
		for _, path := range paths {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			runs[i][filepath.Base(path)] = string(content)
		}
	}
	assert.Equal(t, runs[0], runs[1])
	assert.Subset(t, slices.Sorted(maps.Keys(runs[0])), []string{
		"SHA256SUMS", "caphv-1.2.3.tgz", "clusterclass-harvester-rke2.yaml", "cluster-template.yaml", "clusterctlconfig.yaml", "examples.tar.gz",
		"harvester-account.tar.gz", "images.txt", "infrastructure-components.yaml", "metadata.yaml", "tags.txt",
	})
	chart := unpack(t, runs[0]["caphv-1.2.3.tgz"])
	assert.Contains(t, chart["caphv/Chart.yaml"], "\nversion: 1.2.3\nappVersion: v1.2.3\n")
	assert.Contains(t, chart["caphv/values.yaml"], digest)
	assert.Contains(t, chart, "caphv/files/generated/crds.yaml")
	assert.Contains(t, unpack(t, runs[0]["examples.tar.gz"]), "examples/class.yaml")
	assert.Contains(t, unpack(t, runs[0]["harvester-account.tar.gz"]), "harvester-account/account.sh")
	assert.Equal(t, imageName+":v1.2.3@"+digest+"\nquay.io/brancz/kube-rbac-proxy:v0.20.0\n", runs[0]["images.txt"])
	assert.Contains(t, runs[0]["clusterctlconfig.yaml"], "/releases/v1.2.3/infrastructure-components.yaml")
}

// unpack reads an archive back.
func unpack(t *testing.T, content string) map[string]string {
	t.Helper()
	compressed, err := gzip.NewReader(strings.NewReader(content))
	require.NoError(t, err)
	files := map[string]string{}
	tarred := tar.NewReader(compressed)
	for {
		header, err := tarred.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		text, err := io.ReadAll(tarred)
		require.NoError(t, err)
		files[header.Name] = string(text)
	}
}

func TestTagsComeInTheOrderOfTheirRequirements(t *testing.T) {
	root := mustRoot(t)
	plan, err := readPlan(root)
	require.NoError(t, err)
	for i, module := range plan.Modules {
		siblings, err := siblingsOf(root, module)
		require.NoError(t, err)
		for _, sibling := range siblings {
			assert.Contains(t, plan.Modules[:i], sibling, "%s requires it", module)
		}
	}
	assert.Equal(t, plan.Release, plan.tags()[len(plan.tags())-1], "the release comes when all that it is made of can be had")
}

func TestAModuleWithAForeignReplaceIsNotReleased(t *testing.T) {
	file, err := modfile.Parse("go.mod", []byte("module m\n\nreplace example.org/a => example.org/b v1.0.0\n"), nil)
	require.NoError(t, err)
	_, err = (&plan{Version: map[string]string{}}).releaseRequires(file)
	assert.ErrorContains(t, err, "example.org/a")
}

func TestAPublishedClassMayNotChange(t *testing.T) {
	first, err := digestOf([]byte("a: 1\nb: 2\n---\nc: 3\n"))
	require.NoError(t, err)
	same, err := digestOf([]byte("# A comment.\nc: 3\n---\nb: 2\na: 1\n"))
	require.NoError(t, err)
	other, err := digestOf([]byte("a: 1\nb: 3\n---\nc: 3\n"))
	require.NoError(t, err)
	assert.Equal(t, first, same, "comments and order do not count")
	record := map[string]string{"clusterclass-x.yaml": first}
	require.NoError(t, checkClasses(map[string]string{"clusterclass-x.yaml": same, "clusterclass-x-v2.yaml": other}, record))
	require.ErrorIs(t, checkClasses(map[string]string{"clusterclass-x.yaml": other}, record), errClassChanged)
	require.ErrorIs(t, checkClasses(map[string]string{}, record), errClassChanged, "and it may not go")

	root := mustRoot(t)
	digests, err := classDigests(root)
	require.NoError(t, err)
	require.NotEmpty(t, digests)
	record, err = published(root)
	require.NoError(t, err)
	assert.NoError(t, checkClasses(digests, record))
}

func TestBillListsWhatAProgramWasBuiltOf(t *testing.T) {
	bill := newBill("v1.2.3", commitTime(t.Context(), mustRoot(t)))
	program, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, bill.add("release.test", "linux/amd64", program))
	text, err := bill.json()
	require.NoError(t, err)
	assert.Contains(t, string(text), `"pkg:golang/golang.org/x/mod@`)
	assert.Contains(t, string(text), `"relationshipType": "DESCRIBES"`)
	again, err := bill.json()
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
}
