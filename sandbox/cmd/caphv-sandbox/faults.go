package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// faultRuns are the settings of the command faults.
type faultRuns struct {
	runs, lives int
	seed        int64
	verbose     bool
}

func newFaultsCommand(settings *settings) *cobra.Command {
	var options faultRuns
	command := &cobra.Command{
		Use:   "faults",
		Short: "Play seeded plans of faults against the lives of clusters, and judge what happened",
		Long: `Play seeded plans of faults against the lives of clusters, and judge what happened. A run is one cluster that is
made, changed and deleted; several share a plan: API errors, conflicts, throttling, lost answers, refusals, dropped watches,
outages, a revoked token, crashing and migrating machines, a killed manager, two managers at once. Afterwards nothing may be
left, and the recorded history is judged: no address on two machines, nothing made twice, nothing given back while in use.

The same seed gives the same plan. Exit code 0 means that nothing was found.`,
		Example: `  caphv-sandbox faults --runs 200
  caphv-sandbox faults --runs 8 --seed 42 --verbose   # one plan again`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.runs < 1 || options.lives < 1 {
				return usageError{errors.New("--runs and --together must be at least 1")}
			}
			root, state, err := settings.places()
			if err != nil {
				return err
			}
			line := timeline.New(command.OutOrStdout(), nil)
			return withFleet(command, root, state, line, options.play)
		},
	}
	flags := command.Flags()
	flags.IntVar(&options.runs, "runs", 8, "how many clusters in all")
	flags.IntVar(&options.lives, "together", 8, "how many of them at a time, under one plan")
	flags.Int64Var(&options.seed, "seed", 1, "seed of the first plan; the next ones count on")
	flags.BoolVar(&options.verbose, "verbose", false, "tell each fault")
	return command
}

// play runs plans until there were enough runs.
func (o faultRuns) play(ctx context.Context, f *fleet.Fleet, line *timeline.Timeline) error {
	tell := func(string, ...any) {}
	if o.verbose {
		tell = line.Detail
	}
	found, started := 0, time.Now()
	for done, seed := 0, o.seed; done < o.runs; seed++ {
		plan := fleet.NewPlan(seed, min(o.lives, o.runs-done))
		result, err := f.FaultRun(ctx, plan, tell)
		if err != nil {
			return fmt.Errorf("plan of seed %d: %w", seed, err)
		}
		done += len(plan.Lives)
		found += len(result.Findings)
		line.Event("seed %d: %d runs, %d faults, %s, %d findings", seed, len(plan.Lives), len(plan.Strikes), result.Took.Round(time.Second), len(result.Findings))
		for _, finding := range result.Findings {
			line.Detail("%v", finding)
		}
		if len(result.Findings) > 0 {
			break // what is left would be found again and again
		}
	}
	line.Event("%s of fault runs", time.Since(started).Round(time.Second))
	if found > 0 {
		return fmt.Errorf("%d findings", found)
	}
	return nil
}
