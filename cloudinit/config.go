package cloudinit

// Config is the provider's part of a guest's user-data. The zero Config adds nothing.
type Config struct {
	// Hostname is the guest's name; empty leaves it to the bootstrap data and the datasource.
	Hostname string
	// User receives SSHAuthorizedKeys; empty means the image's default user.
	User string
	// SSHAuthorizedKeys are public keys in authorized_keys form, one key per entry.
	SSHAuthorizedKeys []string
	// InstallGuestAgent installs qemu-guest-agent and starts it at every boot.
	InstallGuestAgent bool
	// Packages are installed at the first boot.
	Packages []string
	// WriteFiles are written before the bootstrap data's commands run.
	WriteFiles []File
	// RunCommands run before the bootstrap data's commands, each as an argument vector without a shell.
	RunCommands [][]string
	// ManageEtcHosts lets cloud-init write the hostname into /etc/hosts at every boot.
	ManageEtcHosts bool
}

// File is one file to write in the guest.
type File struct {
	// Path is absolute.
	Path string
	// Content is written byte for byte.
	Content []byte
	// Permissions is an octal mode such as "0640"; empty leaves cloud-init's default, 0644.
	Permissions string
	// Owner is "user:group"; empty leaves cloud-init's default, root:root.
	Owner string
}
