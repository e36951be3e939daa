//go:build judge

package judge

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
)

const golden = "../testdata/userdata/"

// odd.yaml has values that a schema refuses and YAML allows.
var schemaless = map[string]bool{"odd.yaml": true}

func userDataFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(golden + "*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestUserDataPassesTheSchema(t *testing.T) {
	files := userDataFiles(t)
	for _, judge := range releases(t) {
		for i, got := range judge.boot(t, files...) {
			name := filepath.Base(files[i])
			if schemaless[name] {
				continue
			}
			t.Run(judge.name+"/"+name, func(t *testing.T) {
				merged, err := yaml.Marshal(got.Config)
				require.NoError(t, err)
				file := filepath.Join(t.TempDir(), name)
				require.NoError(t, os.WriteFile(file, append([]byte("#cloud-config\n"), merged...), 0o600))
				verdict, err := judge.cloudInit("schema", "--config-file", file)
				assert.NoError(t, err, "%s", verdict)
			})
		}
	}
}

func TestBootstrapDataArrives(t *testing.T) {
	for _, judge := range releases(t) {
		t.Run(judge.name, func(t *testing.T) {
			files := []string{"rke2.yaml", "statements.yaml", "archive.mime", "script.sh", "boothook.sh"}
			var paths []string
			for _, name := range files {
				paths = append(paths, golden+name)
			}
			got := judge.boot(t, paths...)
			agent := []any{"systemctl", "enable", "--now", "qemu-guest-agent.service"}
			commands := got[0].Config["runcmd"].([]any)
			assert.Equal(t, agent, commands[0])
			assert.Contains(t, commands, "echo i-judge > /run/instance", "expressions of the template are filled in")
			assert.Equal(t, "echo success > /run/cluster-api/bootstrap-success.complete", commands[len(commands)-1])
			statements := got[1].Config["runcmd"].([]any)
			assert.Equal(t, []any{"zypper", "ref"}, statements[len(statements)-1])
			assert.Equal(t, agent, statements[0])
			archived := got[2].Config["runcmd"].([]any)
			assert.Equal(t, []any{"echo", "archived"}, archived[len(archived)-1])
			for i, want := range map[int]string{
				2: "#!/bin/sh\necho in an archive > /root/marker\n",
				3: "#!/bin/sh\necho \"a script\" > /root/marker\n",
				4: "#cloud-boothook\n#!/bin/sh\necho \"a boothook\" > /root/marker\n",
			} {
				assert.Equal(t, []string{want}, got[i].Scripts, files[i])
				assert.Equal(t, "prod-cp-abcde", got[i].Config["hostname"], files[i])
			}
		})
	}
}

// A user that both sides list keeps the bootstrap data's values and gets both sides' keys, merged or in an archive.
func TestUserOfBothSides(t *testing.T) {
	const ours, theirs = "ssh-ed25519 AAAAC3Nz ours@example", "ssh-ed25519 AAAAC3Nz theirs"
	for _, judge := range releases(t) {
		got := judge.boot(t, golden+"users.mime", golden+"users-statements.yaml", golden+"plain.yaml", golden+"users-twice.yaml")
		for i, name := range []string{"archive", "template", "merged", "merged, listed twice"} {
			t.Run(judge.name+"/"+name, func(t *testing.T) {
				user := got[i].Users["rancher"]
				require.NotNil(t, user)
				keys := append(keysOf(user), addedKeys(got[i], "rancher")...)
				assert.ElementsMatch(t, []any{ours, theirs}, keys)
				if i < 2 {
					assert.Equal(t, "/bin/zsh", user["shell"], "the bootstrap data's value stays")
					assert.Equal(t, "ALL=(ALL) NOPASSWD:ALL", user["sudo"], "what it has no word for is ours")
				}
				if i == 3 {
					assert.Equal(t, "wheel", user["groups"])
					assert.Nil(t, user["sudo"])
				}
			})
		}
		t.Run(judge.name+"/the default user is there only if asked for", func(t *testing.T) {
			assert.NotContains(t, got[0].Users, "image-user")
			for _, each := range got[1:] {
				assert.Contains(t, each.Users, "image-user")
			}
		})
	}
}

// What an include file brings is known in the guest only: there, too, both sides' keys are kept.
func TestUserOfAnIncludeFile(t *testing.T) {
	const ours, theirs = "ssh-ed25519 AAAAC3Nz ours", "ssh-ed25519 AAAAC3Nz theirs"
	included := filepath.Join(t.TempDir(), "included")
	require.NoError(t, os.WriteFile(included,
		[]byte("#cloud-config\nusers: [{name: ops, shell: /bin/zsh, ssh_authorized_keys: ["+theirs+"]}]\n"), 0o600))
	rendered, err := cloudinit.RenderUserData(cloudinit.Config{User: "ops", SSHAuthorizedKeys: []string{ours}},
		[]byte("#include\nfile://"+included+"\n"))
	require.NoError(t, err)
	for _, judge := range releases(t) {
		got := judge.boot(t, written(t, "include", rendered))[0]
		require.Contains(t, got.Users, "ops", judge.name)
		assert.Len(t, got.Users, 1)
		assert.Equal(t, "/bin/zsh", got.Users["ops"]["shell"])
		assert.Equal(t, []any{theirs}, keysOf(got.Users["ops"]))
		assert.Equal(t, []any{ours}, addedKeys(got, "ops"))
	}
}

// Every quirk gives user-data that the schema takes.
func TestQuirksPassTheSchema(t *testing.T) {
	network := cloudinit.Network{NICs: []cloudinit.NIC{
		{Name: "eth0", MAC: cloudinit.MACFor("a"), DHCP4: true},
		{Name: "eth1", MAC: cloudinit.MACFor("b"), Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.5/24")},
			Gateway4: netip.MustParseAddr("10.0.0.1")},
	}}
	for _, quirk := range cloudinit.Quirks() {
		config, _, err := cloudinit.ApplyQuirks(cloudinit.Config{InstallGuestAgent: true}, network, quirk.Name)
		require.NoError(t, err)
		rendered, err := cloudinit.RenderUserData(config, nil)
		require.NoError(t, err)
		file := written(t, quirk.Name, rendered)
		for _, judge := range releases(t) {
			verdict, err := judge.cloudInit("schema", "--config-file", file)
			assert.NoError(t, err, "%s, %s: %s", quirk.Name, judge.name, verdict)
		}
	}
}

func keysOf(user map[string]any) []any {
	switch keys := user["ssh_authorized_keys"].(type) {
	case string:
		return []any{keys}
	case []any:
		return keys
	}
	return nil
}

// addedKeys are those that a command adds to a user's own.
func addedKeys(o outcome, user string) []any {
	commands, _ := o.Config["runcmd"].([]any)
	for _, command := range commands {
		words, _ := command.([]any)
		const fixed = 5
		if len(words) > fixed && words[0] == "sh" && words[4] == user {
			return words[fixed:]
		}
	}
	return nil
}
