package cloudinit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// FuzzRenderUserData feeds anything as bootstrap data. What comes back is a cloud-config that holds every top-level key
// of the bootstrap data, an archive that holds the data unchanged, or one of the named errors without any of the data.
func FuzzRenderUserData(f *testing.F) {
	inputs, err := filepath.Glob("testdata/bootstrap/*")
	require.NoError(f, err)
	for _, input := range inputs {
		data, err := os.ReadFile(input)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("#cloud-config\n? [a]\n: b\n"))
	f.Add([]byte("#cloud-config\nusers: [a, *b]\n"))
	f.Add([]byte("## template: jinja\n#cloud-config\na: '{{ d[\"x\"] }}'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rendered, err := RenderUserData(full(), data)
		if err != nil {
			require.True(t, errors.Is(err, ErrUnsupportedFormat) || errors.Is(err, ErrInvalidBootstrapData) ||
				errors.Is(err, ErrTooLarge), "unnamed error: %v", err)
			return
		}
		again, err := RenderUserData(full(), data)
		require.NoError(t, err)
		require.Equal(t, string(rendered), string(again))
		plain, err := unwrap(data)
		require.NoError(t, err)
		if bytes.HasPrefix(rendered, []byte("MIME-Version")) {
			if !isArchive(plain) {
				require.Equal(t, string(plain), string(firstPart(t, rendered)))
			}
			return
		}
		var before, after yaml.Node
		require.NoError(t, yaml.Unmarshal(rendered, &after))
		if yaml.Unmarshal(plain, &before) != nil || len(before.Content) == 0 || before.Content[0].Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(before.Content[0].Content); i += 2 {
			key := before.Content[0].Content[i].Value
			require.NotNil(t, value(after.Content[0], key), "key %q is lost", key)
		}
	})
}

func FuzzRenderNetworkData(f *testing.F) {
	f.Add("10.0.0.5/24", "10.0.0.1", "10.9.0.0/16", "10.0.0.9", "1.1.1.1", "example.org", 1500, true)
	f.Add("2001:db8::5/64", "fe80::1", "::/0", "2001:db8::1", "::1", "", 0, false)
	f.Fuzz(func(t *testing.T, address, gateway, to, via, dns, domain string, mtu int, dhcp bool) {
		network := networkOf(address, gateway, to, via, dns, domain, mtu, dhcp)
		for _, version := range []int{1, 2} {
			rendered, err := RenderNetworkData(network, version)
			if err != nil {
				require.ErrorIs(t, err, ErrInvalidNetwork)
				continue
			}
			again, err := RenderNetworkData(network, version)
			require.NoError(t, err)
			require.Equal(t, string(rendered), string(again))
			var into map[string]any
			require.NoError(t, yaml.Unmarshal(rendered, &into))
			require.Equal(t, version, into["version"])
		}
	})
}

// FuzzListing looks for a user's name in anything. Text that is a cloud-config is never said to be without a name that
// a reader finds among its users.
func FuzzListing(f *testing.F) {
	inputs, err := filepath.Glob("testdata/bootstrap/*")
	require.NoError(f, err)
	for _, input := range inputs {
		data, err := os.ReadFile(input)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("#cloud-config\nusers: [{name: \"\\x72ancher\"}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found := listingOf(data, "rancher")
		if found != listsNot || contentTypeOf(data) != cloudConfigType || isArchive(data) {
			return
		}
		var into struct{ Users []struct{ Name string } }
		if yaml.Unmarshal(data, &into) != nil {
			return
		}
		for _, user := range into.Users {
			require.NotEqual(t, "rancher", user.Name)
		}
	})
}

// scalar draws texts that YAML has its difficulties with.
func scalar() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "yes", "~", "0644", "12:30", "1e3", " lead", "trail ", "a: b", "# c", "- x", "&a", "*a",
			"|", "%", "@", "`", "'", "\"", "\\", "\t", "\n", "a\nb", "\n\na\n", "  a\n b\n", "a \n", "<<", "!!x", "{", "}",
			"é", "\u0085", "\u2028", "\ufeff", "\x00", "\x7f", "😀"}),
		rapid.String(),
	)
}

// Bootstrap data made of arbitrary values, written by another YAML writer, keeps every value, and rendering it twice
// gives the same bytes.
func TestMergeDamagesNoValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bootstrap := map[string]any{
			"runcmd": rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return scalar().Draw(t, "command") }), 1, 4).Draw(t, "runcmd"),
			"own":    rapid.MapOfN(scalar(), scalar(), 0, 4).Draw(t, "own"),
		}
		data, err := yaml.Marshal(bootstrap)
		if err != nil || yaml.Unmarshal(data, new(any)) != nil {
			return // the writer cannot write it, or writes what its own reader refuses
		}
		data = append([]byte("#cloud-config\n"), data...)
		rendered, err := RenderUserData(full(), data)
		require.NoError(t, err)
		again, err := RenderUserData(full(), data)
		require.NoError(t, err)
		require.Equal(t, string(rendered), string(again))
		if strings.HasPrefix(string(rendered), "MIME-Version") {
			return
		}
		var before, after map[string]any
		require.NoError(t, yaml.Unmarshal(data, &before))
		require.NoError(t, yaml.Unmarshal(rendered, &after))
		require.Equal(t, before["own"], after["own"])
		theirs, joined := before["runcmd"].([]any), after["runcmd"].([]any)
		require.Equal(t, theirs, joined[len(joined)-len(theirs):])
	})
}

// A part that says nothing gives the bootstrap data back to the byte.
func TestMergeWithNothingIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := yaml.Marshal(rapid.MapOfN(scalar(), scalar(), 0, 4).Draw(t, "values"))
		if err != nil || yaml.Unmarshal(body, new(any)) != nil {
			return // the writer cannot write it, or writes what its own reader refuses
		}
		header := rapid.SampledFrom([]string{"#cloud-config\n", "## template: jinja\n#cloud-config\n", "#!/bin/sh\n"}).Draw(t, "header")
		data := append([]byte(header), body...)
		rendered, err := RenderUserData(Config{}, data)
		require.NoError(t, err)
		require.Equal(t, string(data), string(rendered))
	})
}

// What our part says must come out of the YAML as it was put in, whatever it is.
func TestOurValuesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		if rapid.Bool().Draw(t, "text") {
			content = []byte(scalar().Draw(t, "content"))
		}
		command := []string{"echo", strings.ToValidUTF8(scalar().Draw(t, "argument"), "")}
		rendered, err := RenderUserData(Config{
			WriteFiles:  []File{{Path: "/x", Content: content}},
			RunCommands: [][]string{command},
		}, nil)
		require.NoError(t, err)
		var into struct {
			WriteFiles []struct{ Content, Encoding string } `yaml:"write_files"`
			Runcmd     [][]string
		}
		require.NoError(t, yaml.Unmarshal(rendered, &into))
		got := []byte(into.WriteFiles[0].Content)
		if into.WriteFiles[0].Encoding == "b64" {
			plain, ok := decodeBase64(got)
			require.True(t, ok || len(content) == 0)
			got = plain
		}
		require.Equal(t, string(content), string(got))
		require.Equal(t, command, into.Runcmd[0])
	})
}
