//go:build judge

package judge

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
)

// mergeCase is bootstrap data and a part of ours.
type mergeCase struct {
	name      string
	bootstrap []byte
	ours      cloudinit.Config
}

// generated is how many cases are made up beside the golden ones.
const generated = 80

// Our merge must come to the end that cloud-init's own merger comes to, given the same parts: lists with ours first,
// mappings key by key, single values as they were, the default user only where no users are listed. The one thing that
// no merge type of cloud-init does is to join the keys within two entries of one user.
func TestMergeEqualsCloudInits(t *testing.T) {
	cases := append(goldenCases(t), generatedCases()...)
	var merged, parts []string
	for i, each := range cases {
		rendered, err := cloudinit.RenderUserData(each.ours, each.bootstrap)
		require.NoError(t, err, each.name)
		require.NotContains(t, string(rendered), "MIME-Version", "%s is to be merged", each.name)
		merged = append(merged, written(t, fmt.Sprintf("merged-%d", i), rendered))
		parts = append(parts, written(t, fmt.Sprintf("parts-%d", i), asParts(t, each)))
	}
	for _, judge := range releases(t) {
		ours, theirs := judge.boot(t, merged...), judge.boot(t, parts...)
		for i, each := range cases {
			t.Run(judge.name+"/"+each.name, func(t *testing.T) {
				sameConfig(t, theirs[i].Config, ours[i].Config, nulls(t, each.bootstrap))
				sameUsers(t, each.ours, theirs[i].Users, ours[i].Users)
			})
		}
	}
}

// sameConfig compares all but users. Where the bootstrap data has a key without a value, cloud-init's merger keeps the
// nothing and drops our value; we take ours.
func sameConfig(t *testing.T, want, got map[string]any, dropped []string) {
	t.Helper()
	want, got = maps.Clone(want), maps.Clone(got)
	for _, key := range append(dropped, "users") {
		delete(want, key)
		delete(got, key)
	}
	assert.Equal(t, want, got)
}

func sameUsers(t *testing.T, ours cloudinit.Config, want, got map[string]map[string]any) {
	t.Helper()
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for name := range want {
		wanted, found := maps.Clone(want[name]), maps.Clone(got[name])
		theirKeys, keys := keysOf(wanted), keysOf(found)
		delete(wanted, "ssh_authorized_keys")
		delete(found, "ssh_authorized_keys")
		assert.Equal(t, wanted, found, name)
		if name != ours.User {
			assert.Equal(t, theirKeys, keys, name)
			continue
		}
		all := theirKeys
		for _, key := range ours.SSHAuthorizedKeys {
			if !slices.Contains(all, any(key)) {
				all = append(all, key)
			}
		}
		assert.ElementsMatch(t, all, keys, name)
	}
}

func goldenCases(t *testing.T) []mergeCase {
	t.Helper()
	var cases []mergeCase
	for _, name := range []string{"plain.yaml", "rke2.yaml", "odd.yaml", "users-twice.yaml"} {
		content, err := os.ReadFile("../testdata/bootstrap/" + name)
		require.NoError(t, err)
		for label, ours := range map[string]cloudinit.Config{
			"user": {Hostname: "vm-1", User: "rancher", SSHAuthorizedKeys: []string{"ssh-ed25519 AAAAC3Nz ours"},
				InstallGuestAgent: true, ManageEtcHosts: true, RunCommands: [][]string{{"echo", "0644"}},
				WriteFiles: []cloudinit.File{{Path: "/etc/ours", Content: []byte("a\n  b\n")}}},
			"image's user": {SSHAuthorizedKeys: []string{"ssh-ed25519 AAAAC3Nz ours"}, Packages: []string{"nfs-client"}},
		} {
			cases = append(cases, mergeCase{name + ", " + label, content, ours})
		}
	}
	return cases
}

// generatedCases are the same in every run: each is drawn from a seed of its own.
func generatedCases() []mergeCase {
	var cases []mergeCase
	bootstrap, ours := rapid.Custom(drawBootstrap), rapid.Custom(drawConfig)
	for seed := range generated {
		cases = append(cases, mergeCase{fmt.Sprintf("generated %d", seed), bootstrap.Example(seed), ours.Example(seed)})
	}
	return cases
}

func word() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "yes", "0644", "12:30", "a: b", "# c", " lead", "x\ny", "é", "null", "{}", "- z"})
}

func drawBootstrap(t *rapid.T) []byte {
	command := rapid.Custom(func(t *rapid.T) any {
		if rapid.Bool().Draw(t, "vector") {
			return rapid.SliceOfN(word(), 1, 3).Draw(t, "words")
		}
		return word().Draw(t, "line")
	})
	user := rapid.Custom(func(t *rapid.T) any {
		entry := map[string]any{"name": rapid.SampledFrom([]string{"rancher", "other"}).Draw(t, "name")}
		if rapid.Bool().Draw(t, "shell") {
			entry["shell"] = "/bin/zsh"
		}
		if rapid.Bool().Draw(t, "sudo") {
			entry["sudo"] = "ALL=(ALL) ALL"
		}
		if rapid.Bool().Draw(t, "keys") {
			entry["ssh_authorized_keys"] = []string{"ssh-ed25519 AAAAC3Nz theirs"}
		}
		return rapid.SampledFrom([]any{entry, entry, "default", "rancher"}).Draw(t, "entry")
	})
	data := map[string]any{}
	for key, value := range map[string]*rapid.Generator[any]{
		"runcmd": rapid.SliceOfN(command, 0, 3).AsAny(), "bootcmd": rapid.SliceOfN(command, 0, 3).AsAny(),
		"packages": rapid.SliceOfN(rapid.SampledFrom([]string{"jq", "qemu-guest-agent"}), 0, 2).AsAny(),
		"users":    rapid.SliceOfN(user, 0, 4).AsAny(), "hostname": rapid.Just("theirs").AsAny(),
		"manage_etc_hosts": rapid.SampledFrom([]any{true, false, "localhost"}).AsAny(),
		"timezone":         word().AsAny(), "ntp": rapid.MapOfN(word(), word(), 0, 3).AsAny(),
		"ssh_authorized_keys": rapid.Just([]string{"ssh-ed25519 AAAAC3Nz theirs"}).AsAny(),
		"write_files":         rapid.SliceOfN(rapid.MapOfN(rapid.SampledFrom([]string{"path", "content"}), word(), 1, 2), 0, 2).AsAny(),
	} {
		if rapid.Bool().Draw(t, key) {
			data[key] = value.Draw(t, key+"'s value")
		}
	}
	text, err := yaml.Marshal(data)
	if err != nil {
		panic(err)
	}
	return append([]byte("#cloud-config\n"), text...)
}

func drawConfig(t *rapid.T) cloudinit.Config {
	config := cloudinit.Config{
		Hostname: rapid.SampledFrom([]string{"", "ours"}).Draw(t, "hostname"), User: rapid.SampledFrom([]string{"", "rancher"}).Draw(t, "user"),
		InstallGuestAgent: rapid.Bool().Draw(t, "agent"), ManageEtcHosts: rapid.Bool().Draw(t, "hosts"),
		SSHAuthorizedKeys: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ssh-rsa AAAA ours", "ssh-rsa BBBB ours"}), 0, 2, rapid.ID).Draw(t, "keys"),
		Packages:          rapid.SliceOfN(rapid.SampledFrom([]string{"jq", "nfs-client"}), 0, 2).Draw(t, "packages"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "commands") {
		config.RunCommands = append(config.RunCommands, rapid.SliceOfN(word(), 1, 3).Draw(t, "run"))
		config.BootCommands = append(config.BootCommands, rapid.SliceOfN(word(), 1, 3).Draw(t, "boot"))
		config.WriteFiles = append(config.WriteFiles, cloudinit.File{Path: "/etc/ours", Content: []byte(word().Draw(t, "content"))})
	}
	return config
}

// asParts hands cloud-init the bootstrap data and ours as parts of one archive, in cloud-init's own words for how they
// are to be joined.
func asParts(t *testing.T, c mergeCase) []byte {
	t.Helper()
	alone, err := cloudinit.RenderUserData(c.ours, nil)
	require.NoError(t, err)
	ours := map[string]any{}
	require.NoError(t, yaml.Unmarshal(alone, &ours))
	users, _ := ours["users"].([]any)
	delete(ours, "users")
	var archive bytes.Buffer
	writer := multipart.NewWriter(&archive)
	fmt.Fprintf(&archive, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", writer.Boundary())
	addPart(t, writer, "", c.bootstrap)
	addPart(t, writer, "list(prepend)+dict(no_replace,recurse_list)+str()", asConfig(t, ours))
	if len(users) > 0 {
		addPart(t, writer, "list()+dict(no_replace)+str()", asConfig(t, map[string]any{"users": users[:1]}))
		addPart(t, writer, "list(append)+dict(no_replace,recurse_list)+str()", asConfig(t, map[string]any{"users": users[1:]}))
	}
	require.NoError(t, writer.Close())
	return archive.Bytes()
}

func asConfig(t *testing.T, values map[string]any) []byte {
	t.Helper()
	text, err := yaml.Marshal(values)
	require.NoError(t, err)
	return append([]byte("#cloud-config\n"), text...)
}

func addPart(t *testing.T, writer *multipart.Writer, merge string, content []byte) {
	t.Helper()
	header := textproto.MIMEHeader{"Content-Type": {`text/plain; charset="utf-8"`}, "Content-Transfer-Encoding": {"base64"}}
	if merge != "" {
		header.Set("Merge-Type", merge)
	}
	into, err := writer.CreatePart(header)
	require.NoError(t, err)
	_, err = io.WriteString(into, base64.StdEncoding.EncodeToString(content))
	require.NoError(t, err)
}

func nulls(t *testing.T, bootstrap []byte) []string {
	t.Helper()
	var data map[string]any
	require.NoError(t, yaml.Unmarshal(bootstrap, &data))
	var keys []string
	for key, value := range data {
		if value == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

func written(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}
