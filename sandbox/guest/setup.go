package guest

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// Files in which a machine keeps what cloud-init made of it, for the boots that
// follow.
const (
	systemFile  = "/var/lib/cloud/data/system.json"
	networkFile = "/etc/netplan/50-cloud-init.yaml"
)

// guestAgent is the package that reports addresses to the hypervisor.
const guestAgent = "qemu-guest-agent"

// system is what is installed on a machine.
type system struct {
	Hostname string
	// Agent is true when the guest agent answers.
	Agent   bool
	Install rke2.Install
}

// setUp runs cloud-init: all of it at the first boot of an instance, nothing at
// a reboot, when the disk knows everything.
func (m *machine) setUp() (system, error) {
	if m.disk.SetUp(m.boot.UID) {
		return m.loadSystem()
	}
	found := system{Hostname: m.boot.Name, Agent: m.manager.options.AgentInImage}
	document, err := cloudinit.Parse(m.boot.UserData, cloudinit.Instance{ID: m.boot.UID, Hostname: m.boot.Name})
	if err == nil {
		if document.Hostname != "" {
			found.Hostname = document.Hostname
		}
		found.Agent = found.Agent || document.Installs(guestAgent)
		found.Install = rke2.ReadInstall(document.Commands)
		err = m.writeFiles(document.Files)
	}
	if saveErr := m.saveSystem(found); saveErr != nil {
		return found, saveErr
	}
	return found, err
}

func (m *machine) writeFiles(files []cloudinit.File) error {
	for _, file := range files {
		write := m.disk.Write
		if file.Append {
			write = m.disk.Append
		}
		if err := write(file.Path, file.Content); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) saveSystem(found system) error {
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	if err := m.disk.Write(systemFile, text); err != nil {
		return err
	}
	if err := m.disk.Write(networkFile, m.boot.NetworkData); err != nil {
		return err
	}
	return m.disk.MarkSetUp(m.boot.UID)
}

func (m *machine) loadSystem() (system, error) {
	var found system
	text, err := m.disk.Read(systemFile)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return found, fmt.Errorf("reading %s: damaged", systemFile)
	}
	return found, nil
}

// nodeName is the host name in the form that a Node may have.
func (s system) nodeName() string { return strings.ToLower(path.Base(s.Hostname)) }

// sleep waits by the manager's clock, and reports false when ctx ended first.
func (m *machine) sleep(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-m.manager.options.Clock.After(duration):
		return true
	}
}
