package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/progress"
)

// defaultTimeout is generous: three control planes come up one after the other.
const defaultTimeout = 45 * time.Minute

// awaitUp follows clusters until each is up.
func (t target) awaitUp(ctx context.Context, streams Streams, clusters []built) error {
	applier, err := t.applier(streams)
	if err != nil {
		return err
	}
	started := time.Now()
	for _, cluster := range clusters {
		left := t.timeout
		if left > 0 {
			// A cluster after the first one has what the others left over.
			left = max(left-time.Since(started), time.Millisecond)
		}
		s := cluster.settings
		follower := progress.Follower{
			Client: applier.Client(), Version: s.ClusterAPIVersion, Namespace: s.Namespace, Name: s.Name, Out: streams.Out, Timeout: left,
		}
		fmt.Fprintf(streams.Err, "waiting for cluster %s/%s\n", s.Namespace, s.Name)
		if err := follower.AwaitUp(ctx); err != nil {
			return fmt.Errorf("all objects are applied, but cluster %s/%s is not up: %w", s.Namespace, s.Name, err)
		}
		fmt.Fprintf(streams.Out, "cluster %s/%s is up\n", s.Namespace, s.Name)
	}
	return nil
}

// joinLines indents what follows a heading.
func joinLines(lines []string) string { return strings.Join(lines, "\n  ") }
