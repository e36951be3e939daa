package etcdctl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		command []string
		want    invocation
	}{
		"plain":                                {[]string{"etcdctl", "member", "list"}, invocation{map[string]string{}, "etcdctl", []string{"member", "list"}}},
		"by path":                              {[]string{"/usr/local/bin/etcdctl"}, invocation{map[string]string{}, "etcdctl", []string{}}},
		"by shell":                             {[]string{"/bin/sh", "-c", "ETCDCTL_API=3  etcdctl -w 'json' \"member\" list"}, invocation{map[string]string{"ETCDCTL_API": "3"}, "etcdctl", []string{"-w", "json", "member", "list"}}},
		"by a login shell, with an empty word": {[]string{"bash", "-lc", "etcdctl ''"}, invocation{map[string]string{}, "etcdctl", []string{""}}},
		"a flag is no variable":                {[]string{"etcdctl", "--endpoints=a=b"}, invocation{map[string]string{}, "etcdctl", []string{"--endpoints=a=b"}}},
	} {
		found, err := parse(test.command)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, found, name)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, command := range [][]string{
		{}, {"A=b"}, {"sh", "-c", ""}, {"sh", "-c", "a | b"}, {"sh", "-c", "a; b"}, {"sh", "-c", "a $B"}, {"sh", "-c", "a `b`"},
		{"sh", "-c", "a > b"}, {"sh", "-c", "a 'b"}, {"sh", "-c", `a "$B"`}, {"sh", "-c", `a \b`},
	} {
		_, err := parse(command)
		assert.Error(t, err, "%v", command)
	}
}

func FuzzSplitWords(f *testing.F) {
	f.Add("etcdctl --endpoints 'https://127.0.0.1:2379' member list")
	f.Fuzz(func(t *testing.T, text string) {
		words, err := splitWords(text)
		if err != nil {
			return
		}
		total := 0
		for _, word := range words {
			total += len(word)
		}
		assert.LessOrEqual(t, total, 3*len(text), "words are made of the text alone")
	})
}
