package manifest

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(objects []Object) []string {
	all := []string{}
	for _, o := range objects {
		all = append(all, o.Kind()+" "+o.Name())
	}
	return all
}

func TestReadAllTheFormsManifestsCome(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":            {"", []string{}},
		"comments only":      {"# a\n---\n# b\n\n", []string{}},
		"two documents":      {"kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b, namespace: ns}\n", []string{"A a", "B ns/b"}},
		"leading marker":     {"---\nkind: A\n", []string{"A "}},
		"content on marker":  {"--- {kind: A}\n--- # note\nkind: B\n", []string{"A ", "B "}},
		"end of document":    {"kind: A\n...\nkind: B\n", []string{"A ", "B "}},
		"windows lines":      {"kind: A\r\n---\r\nkind: B\r\n", []string{"A ", "B "}},
		"byte order mark":    {"\xef\xbb\xbfkind: A\n", []string{"A "}},
		"marker in a value":  {"kind: A\nspec: |\n  ---\n  text\n", []string{"A "}},
		"longer than marker": {"kind: A\ntext: x\n----: y\n", []string{"A "}},
		"json":               {`{"kind": "A", "metadata": {"generateName": "a-"}}`, []string{"A a-"}},
		"json in a row":      {"{\"kind\": \"A\"}\n{\"kind\": \"B\"}", []string{"A ", "B "}},
		"json array":         {`[{"kind": "A"}, [{"kind": "B"}], 3]`, []string{"A ", "B "}},
		"flow yaml":          {"{kind: A}", []string{"A "}},
		"list":               {"kind: List\nitems:\n- kind: A\n- {kind: BList, items: [{kind: B}]}\n", []string{"A ", "B "}},
		"list without items": {"kind: FooList\n", []string{"FooList "}},
		"items in no list":   {"kind: A\nitems: [{kind: B}]\n", []string{"A "}},
		"no object":          {"just text\n---\n- 1\n---\n42\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Read("x", strings.NewReader(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, names(objects))
		})
	}
}

func TestWholeNumbersStayWhole(t *testing.T) {
	objects, err := Read("x", strings.NewReader("kind: A\ncpu: 4\nbig: 9007199254740993\nhalf: 0.5\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"kind": "A", "cpu": int64(4), "big": int64(9007199254740993), "half": 0.5}, objects[0].Content)
}

func TestAMalformedDocumentDoesNotHideTheOthers(t *testing.T) {
	objects, err := Read("x.yaml", strings.NewReader("kind: A\n---\na: [\n---\nkind: B\nkind: C\n---\nkind: D\n"))
	assert.Equal(t, []string{"A ", "D "}, names(objects))
	var malformed *MalformedError
	require.ErrorAs(t, err, &malformed)
	assert.Equal(t, 3, malformed.Line)
	require.ErrorContains(t, err, "x.yaml:3:1: cannot be parsed")
	assert.ErrorContains(t, err, `"kind" already set`, "a field given twice is a mistake")
}

func TestAFieldGivenTwiceInJSONIsAMistake(t *testing.T) {
	objects, err := Read("x.json", strings.NewReader(`{"kind": "A"}
{"kind": "B", "spec": {"cpu": 1, "volumes": [{"name": "a", "name": "b"}], "cpu": 2}}`))
	assert.Empty(t, objects)
	require.ErrorContains(t, err, `x.json:1:1: cannot be parsed: duplicate field "spec.volumes[0].name"`)
	assert.ErrorContains(t, err, `duplicate field "spec.cpu"`)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("cable pulled") }

func TestReadReportsABrokenStream(t *testing.T) {
	_, err := Read("x", brokenReader{})
	assert.ErrorContains(t, err, "cable pulled")
}

func TestPositions(t *testing.T) {
	text := `kind: A
---
# comment
kind: List
items:
- kind: B
  spec: &spec
    volumes:
    - {name: a}
    - name: b
- kind: C
  spec: *spec
---
{"kind": "D", "spec": {
	"cpu": 1}}
`
	objects, err := Read("x", strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, objects, 4)
	for _, c := range []struct {
		object int
		path   string
		want   Position
	}{
		{0, "", Position{1, 1}},
		{0, "spec.missing", Position{1, 1}},
		{1, "spec.volumes[1].name", Position{10, 13}},
		{1, "spec.volumes[0].missing", Position{9, 7}},
		{1, "spec.volumes[9]", Position{9, 5}},
		{2, "spec.volumes[0].name", Position{9, 14}},
		{3, "spec.cpu", Position{15, 9}},
	} {
		assert.Equal(t, c.want, NewLocator(objects[c.object]).Find(c.path), "%d %s", c.object, c.path)
	}
}

// Each value of a file stands where it stands, and what cannot be parsed is told with its place.
func TestPlaces(t *testing.T) {
	objects, err := Read("x.json", strings.NewReader("{\"kind\": \"A\"}\n{\"kind\": \"B\",\n \"spec\": {\"cpu\": 1}} {\"kind\": \"C\"}\n[{\"kind\": \"D\"}]"))
	require.NoError(t, err)
	require.Len(t, objects, 4)
	for i, want := range []Position{{1, 10}, {2, 10}, {3, 31}, {4, 11}} {
		assert.Equal(t, want, NewLocator(objects[i]).Find("kind"), i)
	}
	assert.Equal(t, Position{3, 18}, NewLocator(objects[1]).Find("spec.cpu"))

	objects, err = Read("x.yaml", strings.NewReader("--- {kind: A}\n"))
	require.NoError(t, err)
	assert.Equal(t, Position{1, 12}, NewLocator(objects[0]).Find("kind"))

	for text, want := range map[string]string{
		"kind: A\n---\na: b\n{{ if x }}\n":            "x:4:1: cannot be parsed: ",
		"kind: A\nkind: B\n":                          "x:2:1: cannot be parsed: ",
		"a:\n  b: 1\n c: {{ .Values.c | quote }} d\n": "; it looks like a Helm or clusterctl template: render it first",
		"a: ${A}: b\n":                                "; it looks like a Helm or clusterctl template: render it first",
	} {
		_, err := Read("x", strings.NewReader(text))
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "yaml: ")
	}
}
