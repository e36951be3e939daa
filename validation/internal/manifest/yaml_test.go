package manifest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// unusual are documents in which the ways of reading could differ.
var unusual = []string{
	"a: 1.0\nb: -0.0\nc: 1e3\nd: 1e21\ne: 9007199254740993.0\nf: 9223372036854775807.0\ng: 1e-7\nh: 0.1",
	"a: 9223372036854775807\nb: 9223372036854775808\nc: 18446744073709551616\nd: -9223372036854775809",
	"a: 010\nb: 0o10\nc: 0x1F\nd: 0b11\ne: 1_000\nf: 190:20:30\ng: +1\nh: .5\ni: 1.",
	"a: yes\nb: No\nc: on\nd: y\ne: ~\nf: null\ng: Null\nh:\ni: ''\nj: !!str 1\nk: !!float 1\nl: !!int '1'",
	"a: .inf", "a: .nan", ".inf: a", "[.nan, 1]: a",
	"1: a\n2.5: b\ntrue: c\n1e30: d\n-0.0: e\n0.1: f", "~: a", "? [a]\n: b", "? {a: b}\n: c",
	"a: 2001-12-14\n2001-12-14: b\nc: !!timestamp 2001-12-14\nd: 2001-12-14T21:59:43Z",
	"a: !!binary /w==\nb: !!binary gIGCaGVsbG8=\n!!binary /w==: c", "a: !!binary '!'", "a: !custom x\nb: !custom {c: d}",
	"x: &x {a: 1, b: {c: 2}}\ny: *x\nz: {<<: *x, a: 2}\nw: {<<: [*x, {d: 3}]}", "<<: 1", "a: *b",
	"a: &a [*a]", "a: {b: 1, b: 2}", "a: 1\na: 2\n? a\n: 3", "- a\n- - b\n  - {}\n- []\n-", "\"a\\ud800\": b", "a: \"\\xff\\u2028<>&\"",
	"{1: a, '1': b}", "{1e50: a, 1e60: b}", "{.nan: a, -.inf: b}", "[{a: .nan}, {b: .inf}]", "a: {true: 1, 'true': 2, 1: x, '1': y}",
	"plain", "42", "", "# nothing", "--- |\n text", "a: |\n  x\n  y\nb: >\n  x\n  y", "\t", "a:\n\t- b", "a: 'x", "%FOO\n---\na: b",
	strings.Repeat("[", 600) + strings.Repeat("]", 600), strings.Repeat("[", 1500) + strings.Repeat("]", 1500), strings.Repeat("{a: ", 10_100) + "1" + strings.Repeat("}", 10_100),
}

// sameAsRoundabout holds readYAML to Kubernetes' way, but for wrong keys, of which that names or takes any one.
func sameAsRoundabout(t require.TestingT, text []byte) {
	want, wantErr := readRoundabout(text)
	got, err := readYAML(text)
	switch {
	case err != nil && strings.HasPrefix(err.Error(), "yaml: a key must be a text"):
		require.ErrorContains(t, wantErr, "unsupported map key")
		return
	case err != nil && strings.HasSuffix(err.Error(), "is given twice, in different forms"):
		require.NotContains(t, fmt.Sprint(wantErr), "yaml: ")
		return
	}
	if wantErr != nil {
		require.EqualError(t, err, wantErr.Error())
		return
	}
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestYAMLIsReadAsKubernetesDoes(t *testing.T) {
	for _, text := range unusual {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) { sameAsRoundabout(t, []byte(text)) })
	}
}

// The same document has the same error each time, without its values.
func TestWrongKeys(t *testing.T) {
	for text, want := range map[string]string{
		"{1: a, '1': b, z: c}":                            `yaml: key "1" is given twice, in different forms`,
		"a: [{true: 1, 'true': 2, 1: x, '1': y}]":         `yaml: key "1" is given twice, in different forms`,
		"{1e50: a, 1e60: b}":                              `yaml: key ".inf" is given twice, in different forms`,
		"~: secret":                                       `yaml: a key must be a text, not null`,
		"{b: {~: secret}, a: {12345678901234567890: x}}":  `yaml: a key must be a text, not 12345678901234567890`,
		"{b: {~: secret}, a: .nan}":                       `yaml: a key must be a text, not null`,
		"{12345678901234567890: x, 12345678901234567: y}": `yaml: a key must be a text, not 12345678901234567890`,
	} {
		for range 20 {
			_, err := readYAML([]byte(text))
			require.EqualError(t, err, want, text)
		}
	}
}

// Most documents must take the short way, or it is of no use.
func TestOrdinaryDocumentsTakeTheShortWay(t *testing.T) {
	value, ok := asJSON(map[any]any{"a": []any{1, "b", nil, true, 1.5, uint64(1 << 63)}, 2: "c"}, 0)
	require.True(t, ok)
	assert.Equal(t, map[string]any{"a": []any{int64(1), "b", nil, true, 1.5, float64(1 << 63)}, "2": "c"}, value)
	_, ok = asJSON(math.NaN(), 0)
	assert.False(t, ok)
}

func TestAnyYAMLIsReadAsKubernetesDoes(t *testing.T) {
	scalar := rapid.OneOf(
		rapid.SampledFrom([]string{"1", "1.0", "-0", "0x1f", "010", "1e3", "yes", "~", "null", "true", "''", "'1'", "a b", "1.5e-9", "12345678901234567890", "2001-01-01", "*x", "<<"}),
		rapid.Map(rapid.Float64(), func(f float64) string { return fmt.Sprint(f) }),
		rapid.Map(rapid.Int64(), func(i int64) string { return fmt.Sprint(i) }),
		rapid.Map(rapid.String(), func(s string) string { return fmt.Sprintf("%q", s) }),
	)
	var value func(depth int) *rapid.Generator[string]
	value = func(depth int) *rapid.Generator[string] {
		if depth == 0 {
			return scalar
		}
		inner := rapid.Deferred(func() *rapid.Generator[string] { return value(depth - 1) })
		field := rapid.Custom(func(t *rapid.T) string { return scalar.Draw(t, "name") + ": " + inner.Draw(t, "value") })
		join := func(parts []string) string { return strings.Join(parts, ", ") }
		const few = 4
		return rapid.OneOf(scalar,
			rapid.Map(rapid.SliceOfN(inner, 0, few), func(items []string) string { return "[" + join(items) + "]" }),
			rapid.Map(rapid.SliceOfN(field, 0, few), func(fields []string) string { return "{" + join(fields) + "}" }),
		)
	}
	rapid.Check(t, func(t *rapid.T) {
		const depth = 3
		sameAsRoundabout(t, []byte("x: &x {a: 1}\ny: "+value(depth).Draw(t, "document")))
	})
}

// Whatever a document holds, it is read as Kubernetes reads it, or refused in the same words.
func FuzzYAML(f *testing.F) {
	for _, text := range unusual {
		if len(text) < 10_000 {
			f.Add([]byte(text))
		}
	}
	names, err := filepath.Glob("../../testdata/*/*.yaml")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		if len(text) < 20_000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { sameAsRoundabout(t, text) })
}
