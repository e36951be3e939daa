package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// stopTime bounds an orderly end; after it everything is killed.
const stopTime = time.Minute

func newUpCommand(settings *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Bring a sandbox up and run it until Ctrl-C",
		Long: `Bring a sandbox up and run it until Ctrl-C, SIGTERM or caphv-sandbox down.

Everything lies in one folder and ends with this command, also if it is killed. What an earlier run left in
the folder is removed first.`,
		Example: `  caphv-sandbox up
  caphv-sandbox up --state-dir /tmp/second   # a second one beside it`,
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
			err = serveUntilAsked(command.Context(), s, command.OutOrStdout(), line)
			return errors.Join(err, end(s, line))
		},
	}
}

// serveUntilAsked answers other commands until Ctrl-C, SIGTERM or down.
func serveUntilAsked(ctx context.Context, s *sandbox.Sandbox, out io.Writer, line *timeline.Timeline) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, err := s.Serve(cancel)
	if err != nil {
		return err
	}
	defer stop()
	line.Event("everything is up")
	advise(out, s)
	<-ctx.Done()
	return nil
}

// end stops the sandbox, whatever state the command's context is in.
func end(s *sandbox.Sandbox, line *timeline.Timeline) error {
	line.Heading("Stopping")
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		return fmt.Errorf("stopping the sandbox: %w", err)
	}
	line.Event("stopped; logs are in %s", s.Dir().Path())
	return nil
}

// advise says what to try next.
func advise(out io.Writer, s *sandbox.Sandbox) {
	program := os.Args[0]
	fmt.Fprintf(out, `
Status page
  %s

Kubeconfigs
  management cluster          %s
  Harvester, as CAPHV sees it %s
  Harvester, administrator    %s

Try
  export KUBECONFIG=%s
  %s get clusters,machines -A
  %s status
  %s break
  %s down

Ctrl-C stops everything.
`, s.StatusPage(), s.ManagementKubeconfig(), s.HarvesterKubeconfig(), s.HarvesterAdminKubeconfig(),
		s.ManagementKubeconfig(), s.Paths().Assets()+"/kubectl", program, program, program)
}
