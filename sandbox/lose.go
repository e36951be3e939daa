package sandbox

import (
	"context"
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// LoseManagement ends the management cluster and starts an empty one in its place, with the same components: what a
// disaster leaves to an operator. Harvester and all virtual machines run on. Clients of the old one are of no more use.
func (s *Sandbox) LoseManagement(ctx context.Context) error {
	if err := s.management.Stop(ctx); err != nil {
		return fmt.Errorf("losing the management cluster: %w", err)
	}
	s.losses++
	started, err := management.Start(ctx, management.Options{
		Dir: s.dir.Sub(fmt.Sprintf("management-%d", s.losses+1)), Paths: s.paths, Components: s.options.Components, Report: s.options.Report,
	})
	if err != nil {
		return err
	}
	s.management = started
	return nil
}
