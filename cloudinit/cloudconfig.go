package cloudinit

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// cloudConfig writes the Config as the mapping of a #cloud-config, keys in a fixed order. Users carries the default
// user as well, which cloud-init leaves out as soon as any user is listed.
func (c Config) cloudConfig() *yaml.Node {
	root := mapping()
	if c.Hostname != "" {
		add(root, "hostname", text(c.Hostname))
	}
	if c.ManageEtcHosts {
		add(root, "manage_etc_hosts", truth(true))
	}
	switch {
	case c.User != "":
		add(root, "users", list(plain(defaultUser), c.userEntry()))
	case len(c.SSHAuthorizedKeys) > 0:
		add(root, sshKeys, texts(c.SSHAuthorizedKeys))
	}
	if packages := c.packages(); len(packages) > 0 {
		add(root, "packages", texts(packages))
	}
	if len(c.WriteFiles) > 0 {
		files := list()
		for _, file := range c.WriteFiles {
			files.Content = append(files.Content, file.node())
		}
		add(root, "write_files", files)
	}
	if len(c.BootCommands) > 0 {
		add(root, "bootcmd", vectors(c.BootCommands))
	}
	if commands := c.commands(); len(commands) > 0 {
		add(root, "runcmd", vectors(commands))
	}
	return root
}

// vectors lists commands, each as an argument vector on a line of its own.
func vectors(commands [][]string) *yaml.Node {
	entries := list()
	for _, command := range commands {
		entry := texts(command)
		entry.Style = yaml.FlowStyle
		entries.Content = append(entries.Content, entry)
	}
	return entries
}

// userEntry says nothing of the password, since cloud-init locks it unless told otherwise.
func (c Config) userEntry() *yaml.Node {
	user := mapping()
	add(user, "name", text(c.User))
	add(user, "shell", text("/bin/bash"))
	add(user, "sudo", text("ALL=(ALL) NOPASSWD:ALL"))
	if len(c.SSHAuthorizedKeys) > 0 {
		add(user, sshKeys, texts(c.SSHAuthorizedKeys))
	}
	return user
}

func (c Config) packages() []string {
	packages := make([]string, 0, len(c.Packages)+1)
	if c.InstallGuestAgent {
		packages = append(packages, guestAgent)
	}
	return append(packages, c.Packages...)
}

// commands start the agent by its service: the package starts it on Debian's family only.
func (c Config) commands() [][]string {
	commands := make([][]string, 0, len(c.RunCommands)+1)
	if c.InstallGuestAgent || c.StartGuestAgent {
		commands = append(commands, startAgent())
	}
	return append(commands, c.RunCommands...)
}

func startAgent() []string { return []string{"systemctl", "enable", "--now", guestAgent + ".service"} }

// authorize adds each key that is not there yet to a user's authorized_keys, whatever home that user has.
const authorize = `user=$1; shift
home=$(getent passwd "$user" | cut -d: -f6)
[ -d "$home" ] || exit 1
umask 077
mkdir -p "$home/.ssh"
file=$home/.ssh/authorized_keys
for key; do grep -qxFe "$key" "$file" 2>/dev/null || printf '\n%s\n' "$key" >>"$file"; done
chown "$user:" "$home/.ssh" "$file"
! command -v restorecon >/dev/null || restorecon -R "$home/.ssh"
`

func (c Config) authorizeCommand() []string {
	return slices.Concat([]string{"sh", "-c", authorize, "sh", c.User}, c.SSHAuthorizedKeys)
}

func (f File) node() *yaml.Node {
	node := mapping()
	add(node, "path", text(f.Path))
	if f.Permissions != "" {
		add(node, "permissions", text(f.Permissions))
	}
	if f.Owner != "" {
		add(node, "owner", text(f.Owner))
	}
	if !readable(f.Content) {
		add(node, "encoding", plain("b64"))
		add(node, "content", text(base64.StdEncoding.EncodeToString(f.Content)))
		return node
	}
	content := text(string(f.Content))
	// A block that begins with white space needs an indentation indicator, which not every writer and reader agree on.
	if strings.Contains(content.Value, "\n") && !strings.ContainsAny(content.Value[:1], " \t\n") {
		content.Style = yaml.LiteralStyle
	}
	add(node, "content", content)
	return node
}

// readable tells whether content survives as YAML text in every parser. Template marks are not, since our part may be
// joined with a template.
func readable(content []byte) bool {
	if !utf8.Valid(content) || hasTemplateMarks(content) {
		return false
	}
	for _, r := range string(content) {
		if r != '\n' && r != '\t' && (!unicode.IsPrint(r) || r > unicode.MaxLatin1 && unicode.IsSpace(r)) {
			return false
		}
	}
	return true
}
