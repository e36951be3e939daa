package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/demo"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

func newDemoCommand(settings *settings) *cobra.Command {
	var options demo.Options
	var keep bool
	command := &cobra.Command{
		Use:   "demo",
		Short: "Bring a sandbox up, live through a cluster's life in it, and stop it",
		Long: `Bring a sandbox up, live through a cluster's life in it, and stop it: caphv-generate makes a cluster, its
machines become Running, it gets one worker more, a lost machine is replaced, it is deleted, and what is left behind is counted.

The first time, programs are built: about 12 minutes on 2 cores. After that it takes a few minutes.`,
		Example: `  caphv-sandbox demo
  caphv-sandbox demo --keep              # wait for Ctrl-C before the deletion
  caphv-sandbox demo --kill-manager 5    # CAPHV's manager dies five times at random moments`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			root, state, err := settings.places()
			if err != nil {
				return err
			}
			line := timeline.New(command.OutOrStdout(), nil)
			line.Heading("Bringing up the sandbox in %s", state)
			s, err := sandbox.Start(command.Context(), sandbox.Options{
				Root: root, StateDir: state, Out: command.ErrOrStderr(), Report: line.Up, StatusPage: true,
			})
			if err != nil {
				return err
			}
			err = tell(command.Context(), s, line, command.OutOrStdout(), options, keep)
			return errors.Join(err, end(s, line))
		},
	}
	flags := command.Flags()
	flags.IntVar(&options.ControlPlanes, "control-planes", 3, "control-plane machines")
	flags.IntVar(&options.Workers, "workers", 2, "worker machines at the start")
	flags.IntVar(&options.KillManager, "kill-manager", 0, "kill CAPHV's manager this often at random moments")
	flags.Int64Var(&options.Seed, "seed", 1, "decides about the random moments")
	flags.DurationVar(&options.Timeout, "timeout", 5*time.Minute, "time for each chapter")
	flags.BoolVar(&keep, "keep", false, "keep the complete cluster until Ctrl-C instead of deleting it")
	return command
}

// tell runs the demo in a sandbox that also answers status and break meanwhile.
func tell(ctx context.Context, s *sandbox.Sandbox, line *timeline.Timeline, out io.Writer, options demo.Options, keep bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, err := s.Serve(cancel)
	if err != nil {
		return err
	}
	defer stop()
	line.Event("everything is up")
	if keep {
		options.Pause = func() {
			advise(out, s)
			<-ctx.Done()
		}
	}
	err = demo.Run(ctx, s, line, options)
	if keep && ctx.Err() != nil {
		return nil // it was asked to end while it was only keeping
	}
	if err != nil {
		return fmt.Errorf("the demo failed: %w", err)
	}
	line.Event("the demo took %s", line.Elapsed().Round(time.Second))
	return nil
}
