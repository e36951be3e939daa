package cloudinit

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Config is the provider's part of a guest's user-data. The zero Config adds nothing. Where the bootstrap data sets the
// same key to a single value, the bootstrap data's value stays; lists are joined, ours first.
type Config struct {
	// Hostname is the guest's name, an RFC 1123 name; empty leaves it to the bootstrap data and the datasource.
	Hostname string
	// User receives SSHAuthorizedKeys and may use sudo without a password; it is created where it does not exist. Empty
	// means the image's default user. Where the bootstrap data lists that user as well, its values stay and both have
	// their keys; in an archive ours are then added by a command, the first that runs, which needs getent and a shell.
	User string
	// SSHAuthorizedKeys are public keys in authorized_keys form, one key per entry.
	SSHAuthorizedKeys []string
	// InstallGuestAgent installs the package qemu-guest-agent and starts its service now and at every boot.
	InstallGuestAgent bool
	// StartGuestAgent starts the service of an agent that is in the image, now and at every boot, and installs nothing.
	StartGuestAgent bool
	// Packages are installed at the first boot.
	Packages []string
	// WriteFiles are written before any command runs, and before the bootstrap data's files.
	WriteFiles []File
	// BootCommands run early in every boot, once the network is up, each as an argument vector without a shell.
	BootCommands [][]string
	// RunCommands run before the bootstrap data's commands, each as an argument vector without a shell.
	RunCommands [][]string
	// ManageEtcHosts lets cloud-init write the hostname into /etc/hosts at every boot.
	ManageEtcHosts bool
	// PassUnsupported returns bootstrap data that cloud-init does not read, such as Ignition, as it came and without our
	// part, which then does not reach the guest. Otherwise it is refused with ErrUnsupportedFormat.
	PassUnsupported bool
}

// File is one file to write in the guest.
type File struct {
	// Path is absolute.
	Path string
	// Content is written byte for byte.
	Content []byte
	// Permissions is an octal mode of three or four digits, such as "0640"; empty leaves cloud-init's default, 0644.
	Permissions string
	// Owner is "user" or "user:group"; empty leaves cloud-init's default, root:root.
	Owner string
}

const guestAgent = "qemu-guest-agent"

var (
	hostnamePattern    = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*$`)
	userPattern        = regexp.MustCompile(`^[a-z_][-a-z0-9_.]{0,30}\$?$`)
	packagePattern     = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9+._:=~]*$`)
	permissionsPattern = regexp.MustCompile(`^[0-7]{3,4}$`)
	ownerPattern       = regexp.MustCompile(`^[-A-Za-z0-9_.]+(:[-A-Za-z0-9_.]+)?$`)
)

// validate names the first field that a guest would trip over. Values are left out of errors on purpose.
func (c Config) validate() error {
	if c.Hostname != "" && (len(c.Hostname) > 253 || !hostnamePattern.MatchString(c.Hostname)) {
		return invalid("Hostname", "is not an RFC 1123 name")
	}
	if c.User != "" && !userPattern.MatchString(c.User) {
		return invalid("User", "is not a user name")
	}
	for i, key := range c.SSHAuthorizedKeys {
		if len(strings.Fields(key)) < 2 || strings.ContainsAny(key, "\r\n\x00") {
			return invalid(fmt.Sprintf("SSHAuthorizedKeys[%d]", i), "is not one line in authorized_keys form")
		}
	}
	for i, name := range c.Packages {
		if !packagePattern.MatchString(name) {
			return invalid(fmt.Sprintf("Packages[%d]", i), "is not a package name")
		}
	}
	for i, file := range c.WriteFiles {
		if err := file.validate(fmt.Sprintf("WriteFiles[%d]", i)); err != nil {
			return err
		}
	}
	if err := validateCommands("BootCommands", c.BootCommands); err != nil {
		return err
	}
	return validateCommands("RunCommands", c.RunCommands)
}

func validateCommands(field string, commands [][]string) error {
	for i, command := range commands {
		if len(command) == 0 || command[0] == "" {
			return invalid(fmt.Sprintf("%s[%d]", field, i), "names no program")
		}
	}
	return nil
}

func (f File) validate(field string) error {
	if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || strings.ContainsAny(f.Path, "\n\x00") {
		return invalid(field+".Path", "is not an absolute, clean path")
	}
	if f.Permissions != "" && !permissionsPattern.MatchString(f.Permissions) {
		return invalid(field+".Permissions", "is not an octal mode such as 0640")
	}
	if f.Owner != "" && !ownerPattern.MatchString(f.Owner) {
		return invalid(field+".Owner", "is not of the form user:group")
	}
	return nil
}

func invalid(field, problem string) error {
	return fmt.Errorf("%w: %s %s", ErrInvalidConfig, field, problem)
}
