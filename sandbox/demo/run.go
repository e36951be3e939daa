package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// demo is one run; its methods are the chapters.
type demo struct {
	options   Options
	sandbox   *sandbox.Sandbox
	line      *timeline.Timeline
	clients   clients
	killer    *killer
	inventory inventory.Inventory // what was on Harvester before
	// heyday is what the complete cluster added to it, by kind.
	heyday map[string][]string
	seen   observation
}

// Run tells the story in a sandbox that is up. It returns when the cluster is
// gone and nothing is left behind; an error says what was not as it should be,
// and leaves everything as it is for whoever wants to look.
func Run(ctx context.Context, s *sandbox.Sandbox, line *timeline.Timeline, options Options) error {
	options = options.withDefaults()
	clients, err := newClients(s)
	if err != nil {
		return err
	}
	d := &demo{
		options: options, sandbox: s, line: line, clients: clients,
		killer: newKiller(s, line, options.KillManager, options.Seed),
	}
	if d.inventory, err = inventory.Take(ctx, s); err != nil {
		return err
	}
	chapters := []struct {
		title string
		run   func(context.Context) error
	}{
		{fmt.Sprintf("A cluster of %d control planes and %d workers, by caphv-generate", options.ControlPlanes, options.Workers), d.create},
		{"One worker more", d.scale},
		{"A lost machine is replaced", d.heal},
		{"Deletion", d.remove},
		{"What is left behind", d.prove},
	}
	for i, chapter := range chapters {
		line.Heading("%s", chapter.title)
		if err := d.tell(ctx, i, chapter.run); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
		if i == 2 && options.Pause != nil {
			options.Pause()
		}
	}
	return nil
}

// tell runs one chapter, with its share of kills.
func (d *demo) tell(ctx context.Context, chapter int, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.options.Timeout, fmt.Errorf("not done after %s", d.options.Timeout))
	defer cancel()
	killed := d.killer.strike(ctx, chapter)
	if err := run(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
		return err
	}
	return killed()
}

// await polls a check until it is satisfied. The check says what it still
// misses, which is the error when the time is over.
func await(ctx context.Context, check func(context.Context) (missing string, err error)) error {
	ticker := time.NewTicker(300 * time.Millisecond)
	defer ticker.Stop()
	for {
		missing, err := check(ctx)
		if err != nil {
			return err
		}
		if missing == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still missing: %s", missing)
		case <-ticker.C:
		}
	}
}
