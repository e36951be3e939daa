package cloudinit

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ourKey = "ssh-ed25519 AAAAC3Nz ours"

func operator() Config { return Config{User: "ops", SSHAuthorizedKeys: []string{ourKey}} }

func TestUserListedByBothSides(t *testing.T) {
	whole := map[string]any{"name": "ops", "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL", "ssh_authorized_keys": []any{ourKey}}
	with := func(changes map[string]any) map[string]any {
		changed := map[string]any{}
		for _, from := range []map[string]any{whole, changes} {
			for key, value := range from {
				changed[key] = value
			}
		}
		return changed
	}
	both := []any{ourKey, "theirs"}
	dashed := with(map[string]any{"ssh-authorized-keys": both})
	delete(dashed, "ssh_authorized_keys")
	second := with(map[string]any{"gecos": "a"})
	delete(second, "ssh_authorized_keys")
	for name, test := range map[string]struct {
		users string
		want  []any
	}{
		"nothing but the name":  {"[{name: ops}]", []any{whole}},
		"by name alone":         {"[ops]", []any{"ops", whole}},
		"a shell of its own":    {"[{name: ops, shell: /bin/zsh}]", []any{with(map[string]any{"shell": "/bin/zsh"})}},
		"no sudo":               {"[{name: ops, sudo: false}]", []any{with(map[string]any{"sudo": false})}},
		"a list of keys":        {"[{name: ops, ssh_authorized_keys: [theirs]}]", []any{with(map[string]any{"ssh_authorized_keys": both})}},
		"one key":               {"[{name: ops, ssh_authorized_keys: theirs}]", []any{with(map[string]any{"ssh_authorized_keys": both})}},
		"no keys":               {"[{name: ops, ssh_authorized_keys: }]", []any{whole}},
		"keys as of old":        {"[{name: ops, ssh-authorized-keys: [theirs]}]", []any{dashed}},
		"with a home after all": {"[{name: ops, no_create_home: false}]", []any{with(map[string]any{"no_create_home": false})}},
		"keys in the second entry": {"[{name: ops, gecos: a}, {name: ops, ssh_authorized_keys: [theirs]}]",
			[]any{second, map[string]any{"name": "ops", "ssh_authorized_keys": both}}},
	} {
		t.Run(name, func(t *testing.T) {
			rendered, err := RenderUserData(operator(), []byte("#cloud-config\nusers: "+test.users+"\n"))
			require.NoError(t, err)
			assert.Equal(t, test.want, decode(t, rendered)["users"])
		})
	}
}

// Where what an entry holds comes from elsewhere, or from a template, cloud-init joins the entries, and a command the keys.
func TestUserListedOutOfSight(t *testing.T) {
	for name, bootstrap := range map[string]string{
		"an alias":         "#cloud-config\nx: &x {name: ops, ssh_authorized_keys: [theirs]}\nusers: [*x]\n",
		"an anchor":        "#cloud-config\nusers: [&x {name: ops}]\ncopy: *x\n",
		"aliased keys":     "#cloud-config\nx: &x [theirs]\nusers: [{name: ops, ssh_authorized_keys: *x}]\n",
		"a merge key":      "#cloud-config\nx: &x {gecos: a}\nusers: [{<<: *x, name: ops}]\n",
		"a key twice":      "#cloud-config\nusers: [{name: a, name: ops}]\n",
		"a templated name": "## template: jinja\n#cloud-config\nusers: [{name: '{{ ops }}'}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			rendered, err := RenderUserData(operator(), []byte(bootstrap))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(rendered), "MIME-Version: 1.0\n"), "got %.40q", rendered)
			found := partsOf(t, rendered)
			require.Len(t, found, 4)
			assert.Equal(t, bootstrap, string(found[0].body))
			command := decode(t, found[1].body)["runcmd"].([]any)[0].([]any)
			assert.Equal(t, []any{"sh", "ops", ourKey}, command[3:])
			assert.Equal(t, []any{"default"}, decode(t, found[2].body)["users"])
			assert.Equal(t, fallbackType, found[2].mergeType)
			assert.Equal(t, []any{map[string]any{"name": "ops", "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL"}},
				decode(t, found[3].body)["users"])
			assert.Equal(t, appendType, found[3].mergeType)
		})
	}
}

// cloud-init creates no user that has SSH keys and no home.
func TestUserWithoutHomeIsRefused(t *testing.T) {
	for _, key := range []string{"no_create_home: true", "no-create-home: yes", "system: true", "ssh_redirect_user: default", "snapuser: 'no'"} {
		_, err := RenderUserData(operator(), []byte("#cloud-config\nusers: [{name: ops, "+key+"}]\n"))
		require.ErrorIs(t, err, ErrInvalidBootstrapData, key)
		ours := operator()
		ours.SSHAuthorizedKeys = nil
		_, err = RenderUserData(ours, []byte("#cloud-config\nusers: [{name: ops, "+key+"}]\n"))
		require.NoError(t, err, key)
	}
	_, err := RenderUserData(operator(), []byte("#cloud-config\nusers: [{name: ops, ssh_authorized_keys: {a: b}}]\n"))
	require.ErrorIs(t, err, ErrInvalidBootstrapData)
}

func TestListing(t *testing.T) {
	message := func(headers, body string) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + headers + "\n\n" + body + "\n--b--\n"
	}
	for name, test := range map[string]struct {
		data string
		want listing
	}{
		"script":                  {"#!/bin/sh\nuseradd ops\n", listsNot},
		"boothook":                {"#cloud-boothook\nops\n", listsNot},
		"include":                 {"#include\nhttp://x/\n", mayList},
		"part handler":            {"#part-handler\n", mayList},
		"other users":             {"#cloud-config\nusers: [a]\n", listsNot},
		"its name":                {"#cloud-config\nusers: [ops]\n", mentionsIt},
		"an escape":               {"#cloud-config\nusers: [\"\\x6fps\"]\n", mayList},
		"an escape without users": {"#cloud-config\nruncmd: [\"\\x6f\"]\n", listsNot},
		"template of users":       {"## template: jinja\n#cloud-config\nusers: {{ x }}\n", mayList},
		"template without users":  {"## template: jinja\n#cloud-config\n{% if x %}\n{% endif %}\n", listsNot},
		"base64 in an archive":    {message("Content-Transfer-Encoding: base64", "I2Nsb3VkLWNvbmZpZwp1c2VyczogW29wc10K"), mentionsIt},
		"quoted in an archive":    {message("Content-Transfer-Encoding: quoted-printable", "#cloud-config\nusers: [o=\nps]"), mentionsIt},
		"script in an archive":    {message("X: y", "#!/bin/sh\nops"), listsNot},
		"archive in an archive":   {message("Content-Type: multipart/mixed; boundary=c", "--c\n\n#cloud-config\nusers: [ops]\n--c--"), mentionsIt},
		"broken archive":          {"Content-Type: multipart/mixed; boundary=b\n\n--b\nops", mayList},
		"broken encoding":         {message("Content-Transfer-Encoding: base64", "%%%"), mayList},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, listingOf([]byte(test.data), "ops")) })
	}
}

// The command runs here as it does in a guest, for the user who runs the test and a home of its own.
func TestAuthorizeCommand(t *testing.T) {
	self, err := user.Current()
	require.NoError(t, err)
	bin, home := t.TempDir(), t.TempDir()
	passwd := "#!/bin/sh\n[ \"$2\" = " + self.Username + " ] && echo '" + self.Username + ":x:0:0::" + home + ":/bin/sh'\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "getent"), []byte(passwd), 0o700))
	keys := filepath.Join(home, ".ssh", "authorized_keys")
	run := func(name string) error {
		ours := Config{User: name, SSHAuthorizedKeys: []string{"ssh-rsa AAAA it's \"ours\" $x", "ssh-rsa BBBB"}}
		argv := ours.authorizeCommand()
		command := exec.Command(argv[0], argv[1:]...)
		command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		return command.Run()
	}
	require.Error(t, run("no-such-user"))
	require.NoError(t, run(self.Username))
	const ours = "\nssh-rsa AAAA it's \"ours\" $x\n\nssh-rsa BBBB\n"
	assert.Equal(t, ours, string(read(t, keys)))
	info, err := os.Stat(keys)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	require.NoError(t, os.WriteFile(keys, []byte("ssh-rsa theirs"), 0o600))
	require.NoError(t, run(self.Username))
	require.NoError(t, run(self.Username))
	assert.Equal(t, "ssh-rsa theirs"+ours, string(read(t, keys)), "theirs stay, and a second run adds nothing")
}
