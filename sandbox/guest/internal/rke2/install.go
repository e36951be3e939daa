package rke2

import (
	"regexp"
	"strings"
)

// Role is which of RKE2's services a machine starts.
type Role string

// Roles.
const (
	RoleNone   Role = ""
	RoleServer Role = "server"
	RoleAgent  Role = "agent"
)

// Install is what a machine's commands install and start.
type Install struct {
	// Role is RoleNone when no service of RKE2 is started.
	Role Role
	// Version is RKE2's, such as v1.33.4+rke2r1; empty when the commands do not
	// say, as with an air-gapped install.
	Version string
	// Sentinel is true when the commands write BootstrapSentinel at the end.
	Sentinel bool
}

var (
	versionVariable = regexp.MustCompile(`INSTALL_RKE2_VERSION=["']?([^\s"']+)`)
	serviceStart    = regexp.MustCompile(`systemctl\s+(?:start|restart|enable\s+--now|--now\s+enable)\s+(?:--no-block\s+)?rke2-(server|agent)(?:\.service)?\b`)
)

// ReadInstall finds out from the commands of a first boot. Commands are
// recognised by what they name; none is run.
func ReadInstall(commands []string) Install {
	var install Install
	for _, command := range commands {
		if match := versionVariable.FindStringSubmatch(command); match != nil {
			install.Version = match[1]
		}
		if match := serviceStart.FindStringSubmatch(command); match != nil {
			install.Role = Role(match[1])
		}
		if strings.Contains(command, BootstrapSentinel) {
			install.Sentinel = true
		}
	}
	return install
}
