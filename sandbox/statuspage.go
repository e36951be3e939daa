package sandbox

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// chooseStatusPage finds an address for CAPHV's status page, if the options want it.
func (s *Sandbox) chooseStatusPage() error {
	if !s.options.StatusPage {
		return nil
	}
	ports, err := controlplane.FreePorts(1)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	components := s.options.Components
	if len(components) == 0 {
		components = management.Components()
	}
	s.options.Components = management.WithStatusPage(components, address)
	s.statusPage = "http://" + address + "/status"
	return nil
}

// StatusPage is the URL of CAPHV's status page; empty unless the options want one.
func (s *Sandbox) StatusPage() string { return s.statusPage }
