package cloudinit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var into map[string]any
	require.NoError(t, yaml.Unmarshal(data, &into))
	return into
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestMergeKeepsTheBootstrapData(t *testing.T) {
	bootstrap := read(t, "testdata/bootstrap/rke2.yaml")
	rendered, err := RenderUserData(full(), bootstrap)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(rendered), "## template: jinja\n#cloud-config\n"))
	before, after := decode(t, bootstrap), decode(t, rendered)
	assert.Equal(t, before["ntp"], after["ntp"])
	for _, key := range []string{"write_files", "runcmd"} {
		theirs, joined := before[key].([]any), after[key].([]any)
		assert.Greater(t, len(joined), len(theirs))
		assert.Equal(t, theirs, joined[len(joined)-len(theirs):], "%s must end with the bootstrap data's items", key)
	}
	assert.Equal(t, []any{"systemctl", "enable", "--now", "qemu-guest-agent.service"}, after["runcmd"].([]any)[0])
	assert.Contains(t, string(rendered), `'{{ ds.meta_data["local_hostname"] }}'`)
}

func TestMergeRules(t *testing.T) {
	rendered, err := RenderUserData(full(), read(t, "testdata/bootstrap/odd.yaml"))
	require.NoError(t, err)
	got := decode(t, rendered)
	assert.Equal(t, "chosen-by-the-bootstrap-provider", got["hostname"], "single values of the bootstrap data stay")
	assert.Equal(t, []any{"qemu-guest-agent", "nfs-client", "jq"}, got["packages"])
	assert.Equal(t, true, got["manage_etc_hosts"])
	users := got["users"].([]any)
	require.Len(t, users, 2, "a user of the same name is not added a second time")
	assert.Equal(t, map[string]any{
		"name": "rancher", "groups": "wheel", "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL",
		"ssh_authorized_keys": []any{"ssh-ed25519 AAAAC3Nz ours@example", "ssh-ed25519 AAAAC3Nz theirs"},
	}, users[0])
	assert.Equal(t, got["disk_setup"], got["copy"])
	assert.Contains(t, string(rendered), "permissions: 0644", "a plain scalar stays plain")
	assert.Contains(t, string(rendered), "timezone: 12:30:45")
}

func TestListedUsersGetNoDefaultUser(t *testing.T) {
	rendered, err := RenderUserData(Config{User: "ops"}, []byte("#cloud-config\nusers:\n- name: only\n"))
	require.NoError(t, err)
	users := decode(t, rendered)["users"].([]any)
	require.Len(t, users, 2)
	assert.Equal(t, map[string]any{"name": "only"}, users[0])
	assert.Equal(t, "ops", users[1].(map[string]any)["name"])
}

func TestEmptyConfigChangesNothing(t *testing.T) {
	for _, name := range []string{"rke2.yaml", "plain.yaml", "odd.yaml", "statements.yaml", "script.sh", "boothook.sh", "archive.mime"} {
		bootstrap := read(t, "testdata/bootstrap/"+name)
		rendered, err := RenderUserData(Config{}, bootstrap)
		require.NoError(t, err)
		assert.Equal(t, string(bootstrap), string(rendered))
	}
	rendered, err := RenderUserData(Config{}, nil)
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\n", string(rendered))
}

func TestPackedBootstrapDataIsUnpacked(t *testing.T) {
	bootstrap := read(t, "testdata/bootstrap/rke2.yaml")
	want, err := RenderUserData(full(), bootstrap)
	require.NoError(t, err)
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err = writer.Write(bootstrap)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	for name, packed := range map[string][]byte{
		"gzip":           zipped.Bytes(),
		"base64":         []byte(base64.StdEncoding.EncodeToString(bootstrap)),
		"gzip in base64": []byte(base64.StdEncoding.EncodeToString(zipped.Bytes()) + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := RenderUserData(full(), packed)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
		})
	}
}

func TestUnsafeMergesBecomeArchives(t *testing.T) {
	for name, bootstrap := range map[string]string{
		"template statements":     "## template: jinja\n#cloud-config\n{% if x %}\nruncmd: [a]\n{% endif %}\n",
		"template without quotes": "## template: jinja\n#cloud-config\nhostname: {{ v1.name }}\n",
		"expression in a comment": "## template: jinja\n#cloud-config\n# {{ a }}\nhostname: b\n",
		"expression over lines":   "## template: jinja\n#cloud-config\nhostname: \"{{ a\n  }}\"\n",
		"duplicate keys":          "#cloud-config\nruncmd: [a]\nruncmd: [b]\n",
		"merge keys":              "#cloud-config\nx: &x {runcmd: [a]}\n<<: *x\n",
		"aliased list":            "#cloud-config\nx: &x [a]\nruncmd: *x\n",
		"anchored list":           "#cloud-config\nruncmd: &x [a]\nbootcmd: *x\n",
		"template of a script":    "## template: jinja\n#!/bin/sh\necho {{ v1.name }}\n",
	} {
		t.Run(name, func(t *testing.T) {
			rendered, err := RenderUserData(full(), []byte(bootstrap))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(rendered), "MIME-Version: 1.0\n"), "got %.40q", rendered)
			assert.Equal(t, bootstrap, string(firstPart(t, rendered)))
		})
	}
}

func TestOurTemplateMarksAreNeverRendered(t *testing.T) {
	ours := Config{WriteFiles: []File{{Path: "/etc/x", Content: []byte("{{ not ours }}")}}}
	template := "## template: jinja\n#cloud-config\nruncmd: [a]\n"
	rendered, err := RenderUserData(ours, []byte(template))
	require.NoError(t, err)
	assert.NotContains(t, string(rendered), "{{")
	ours = Config{RunCommands: [][]string{{"echo", "{{ not ours }}"}}}
	rendered, err = RenderUserData(ours, []byte(template))
	require.NoError(t, err)
	assert.Equal(t, template, string(firstPart(t, rendered)), "ours goes into a part that is no template")
}

func TestRefusedBootstrapData(t *testing.T) {
	const secret = "s3cr3t-t0k3n"
	for name, test := range map[string]struct {
		data string
		want error
		text string
	}{
		"ignition":           {`{"ignition":{"version":"3.4.0"},"x":"` + secret + `"}`, ErrUnsupportedFormat, "none of cloud-config"},
		"toml":               {"[settings]\nx = \"" + secret + "\"\n", ErrUnsupportedFormat, ""},
		"text":               {secret + " and more", ErrUnsupportedFormat, ""},
		"broken YAML":        {"#cloud-config\nruncmd:\n - a\n\t" + secret + ": [\n", ErrInvalidBootstrapData, "line "},
		"unknown anchor":     {"#cloud-config\nruncmd: *" + secret + "\n", ErrInvalidBootstrapData, ""},
		"a list":             {"#cloud-config\n- " + secret + "\n", ErrInvalidBootstrapData, "its top is not a mapping"},
		"two documents":      {"#cloud-config\na: b\n---\nc: " + secret + "\n", ErrInvalidBootstrapData, "more than one"},
		"runcmd is no list":  {"#cloud-config\nruncmd: " + secret + "\n", ErrInvalidBootstrapData, "runcmd is not a list"},
		"broken gzip":        {"\x1f\x8b" + secret, ErrInvalidBootstrapData, "gzip"},
		"archive of nothing": {"Content-Type: multipart/mixed; boundary=x\n\n" + secret, ErrInvalidBootstrapData, "has no parts"},
		"no archive":         {"MIME-Version: 1.0\nContent-Type: text/plain\n\n" + secret, ErrInvalidBootstrapData, "not a multipart"},
		"archive header":     {"MIME-Version: 1.0\n" + secret, ErrInvalidBootstrapData, "header"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := RenderUserData(full(), []byte(test.data))
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestUnsupportedFormatsPassByChoice(t *testing.T) {
	ignition := []byte(`{"ignition":{"version":"3.4.0"}}`)
	ours := full()
	_, err := RenderUserData(ours, ignition)
	require.ErrorIs(t, err, ErrUnsupportedFormat)
	ours.PassUnsupported = true
	rendered, err := RenderUserData(ours, ignition)
	require.NoError(t, err)
	assert.Equal(t, string(ignition), string(rendered))
	_, err = RenderUserData(ours, bytes.Repeat([]byte("{"), MaxSecretSize+1))
	require.ErrorIs(t, err, ErrTooLarge)
	for _, known := range []string{"", "#cloud-config\nruncmd: [a]\n", "#!/bin/sh\n"} {
		rendered, err = RenderUserData(ours, []byte(known))
		require.NoError(t, err)
		want, err := RenderUserData(full(), []byte(known))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(rendered), "what cloud-init reads is joined as ever")
	}
}

func TestSizeLimit(t *testing.T) {
	large := append([]byte("#!/bin/sh\n"), bytes.Repeat([]byte("#"), MaxSecretSize)...)
	_, err := RenderUserData(full(), large)
	require.ErrorIs(t, err, ErrTooLarge)
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err = writer.Write(bytes.Repeat([]byte("#cloud-config\n"), MaxSecretSize))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	_, err = RenderUserData(full(), zipped.Bytes())
	require.ErrorIs(t, err, ErrTooLarge)
	require.NoError(t, CheckInlineSize(make([]byte, 2048)))
	require.ErrorIs(t, CheckInlineSize(make([]byte, 2049)), ErrTooLarge)
	require.NoError(t, CheckSecretSize(make([]byte, MaxSecretSize-1), []byte{1}))
	require.ErrorIs(t, CheckSecretSize(make([]byte, MaxSecretSize), []byte{1}), ErrTooLarge)
}

func TestInvalidConfig(t *testing.T) {
	for field, config := range map[string]Config{
		"Hostname":                  {Hostname: "under_score"},
		"User":                      {User: "Root User"},
		"SSHAuthorizedKeys[1]":      {SSHAuthorizedKeys: []string{"ssh-rsa AAAA", "ssh-rsa AAAA\nssh-rsa BBBB"}},
		"SSHAuthorizedKeys[0]":      {SSHAuthorizedKeys: []string{"AAAA"}},
		"Packages[0]":               {Packages: []string{"two words"}},
		"WriteFiles[0].Path":        {WriteFiles: []File{{Path: "etc/x"}}},
		"WriteFiles[1].Path":        {WriteFiles: []File{{Path: "/etc/x"}, {Path: "/etc/../x"}}},
		"WriteFiles[0].Permissions": {WriteFiles: []File{{Path: "/x", Permissions: "rw"}}},
		"WriteFiles[0].Owner":       {WriteFiles: []File{{Path: "/x", Owner: "a b"}}},
		"RunCommands[0]":            {RunCommands: [][]string{{}}},
		"BootCommands[1]":           {BootCommands: [][]string{{"true"}, {""}}},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := RenderUserData(config, nil)
			require.ErrorIs(t, err, ErrInvalidConfig)
			assert.ErrorContains(t, err, field)
		})
	}
}
