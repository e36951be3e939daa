package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

func newDownCommand(settings *settings) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		Short:   "Stop a running sandbox and wait until it is gone",
		Example: "  caphv-sandbox down",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := settings.client()
			if err != nil {
				return err
			}
			if err := client.Down(command.Context()); err != nil {
				return err
			}
			state, err := settings.state()
			if err != nil {
				return err
			}
			if err := awaitGone(command.Context(), state); err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), "the sandbox is gone")
			return nil
		},
	}
}

// awaitGone waits until nobody holds the state folder.
func awaitGone(ctx context.Context, state string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime+10*time.Second)
	defer cancel()
	for {
		_, err := statedir.Find(state)
		if errors.Is(err, statedir.ErrAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the sandbox in %s did not end: %w", state, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
