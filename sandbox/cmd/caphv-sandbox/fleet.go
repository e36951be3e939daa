package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// withFleet brings a light sandbox up beside the one of the state folder, does something with a fleet in it, and stops it.
func withFleet(command *cobra.Command, root, state string, line *timeline.Timeline,
	do func(context.Context, *fleet.Fleet, *timeline.Timeline) error,
) error {
	options, metrics, err := fleet.Options(root, state+"-fleet")
	if err != nil {
		return err
	}
	options.Out, options.Report = command.ErrOrStderr(), line.Up
	s, err := sandbox.Start(command.Context(), options)
	if err != nil {
		return err
	}
	f, err := fleet.New(command.Context(), s, metrics)
	if err == nil {
		err = do(command.Context(), f, line)
	}
	return errors.Join(err, end(s, line))
}

func newMeasureCommand(settings *settings) *cobra.Command {
	load, output := fleet.Load{}, ""
	command := &cobra.Command{
		Use:   "measure",
		Short: "Make many machines at once, and tell what CAPHV needs for them",
		Long: `Make many machines at once, and tell what CAPHV needs for them: the time it adds to a VM's own, requests, writes, memory,
and what it does at rest. Machines are light: they register as Nodes and start no process.`,
		Example: `  caphv-sandbox measure --machines 10
  caphv-sandbox measure --clusters 50 --machines 20 --at-once 5 --timeout 40m
  caphv-sandbox measure --machines 50 --output json`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if load.Clusters < 1 || load.Machines < 1 || load.AtOnce < 0 || (output != "text" && output != "json") {
				return usageError{errors.New("--clusters and --machines must be at least 1, --at-once 0 or more, --output text or json")}
			}
			root, state, err := settings.places()
			if err != nil {
				return err
			}
			progress := command.OutOrStdout()
			if output == "json" {
				progress = command.ErrOrStderr()
			}
			return withFleet(command, root, state, timeline.New(progress, nil), func(ctx context.Context, f *fleet.Fleet, line *timeline.Timeline) error {
				report, err := f.Measure(ctx, load, line.Event)
				if err != nil {
					return err
				}
				if output == "json" {
					return json.NewEncoder(command.OutOrStdout()).Encode(report)
				}
				_, err = fmt.Fprintln(command.OutOrStdout(), report)
				return err
			})
		},
	}
	flags := command.Flags()
	flags.IntVar(&load.Clusters, "clusters", 1, "clusters to make")
	flags.IntVar(&load.Machines, "machines", 10, "machines of each cluster")
	flags.IntVar(&load.AtOnce, "at-once", 0, "clusters that are made or deleted at a time; 0 for all")
	flags.DurationVar(&load.Rest, "rest", time.Minute, "how long to watch the complete clusters do nothing")
	flags.DurationVar(&load.Timeout, "timeout", 20*time.Minute, "time for the creation, and for the deletion")
	flags.StringVar(&output, "output", "text", "text or json; with json, progress goes to standard error")
	return command
}
