package sandbox

import (
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
)

// Light machines come in thousands and share one API server: they beat as rarely as real ones.
const (
	lightHeartbeat = 10 * time.Second
	lightGrace     = 50 * time.Second
)

// newGuests prepares what runs inside virtual machines: real etcd members and API servers, with their disks in a folder
// of the sandbox; in light mode, Nodes in the management cluster and no process.
func (s *Sandbox) newGuests() (*guest.Manager, error) {
	logger := s.options.Logger
	options := guest.Options{
		Dir: s.GuestsDir(), AssetsDir: s.paths.Assets(), Etcdctl: s.paths.Program(build.Etcdctl),
		Logf: func(format string, args ...any) { logger.Info(fmt.Sprintf(format, args...)) },
	}
	if s.options.Light {
		options.Light, options.BootDelay, options.AgentInImage = s.management.Config(), -1, true
		options.Heartbeat, options.NodeGrace = lightHeartbeat, lightGrace
	}
	guests, err := guest.NewManager(options)
	if err != nil {
		return nil, fmt.Errorf("guests: %w", err)
	}
	return guests, nil
}
