package sandbox

import (
	"fmt"

	"github.com/go-logr/logr"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
)

// newGuests prepares what runs inside virtual machines: real etcd members and
// API servers, with their disks below dir.
func newGuests(dir string, paths build.Paths, logger logr.Logger) (*guest.Manager, error) {
	guests, err := guest.NewManager(guest.Options{
		Dir: dir, AssetsDir: paths.Assets(),
		Logf: func(format string, args ...any) { logger.Info(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return nil, fmt.Errorf("guests: %w", err)
	}
	return guests, nil
}
