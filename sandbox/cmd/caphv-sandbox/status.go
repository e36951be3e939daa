package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/control"
)

func newStatusCommand(settings *settings) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "status",
		Short: "Show what runs in a sandbox",
		Example: `  caphv-sandbox status
  caphv-sandbox status --output json`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return usageError{fmt.Errorf("--output is text or json, not %q", output)}
			}
			client, err := settings.client()
			if err != nil {
				return err
			}
			status, err := client.Status(command.Context())
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(status)
			}
			return printStatus(command.OutOrStdout(), status, time.Now())
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return command
}

// printStatus writes a status for people.
func printStatus(out io.Writer, status control.Status, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "up for %s in %s\n\n", now.Sub(status.Started).Round(time.Second), status.StateDir)
	if status.StatusPage != "" {
		fmt.Fprintf(table, "status page %s\n\n", status.StatusPage)
	}
	fmt.Fprintln(table, "PART\tPID\tRESTARTS\tDETAIL")
	for _, part := range status.Parts {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", part.Name, part.PID, part.Restarts, part.Detail)
	}
	fmt.Fprintln(table, "\nMACHINE\tSTATUS\tADDRESS")
	for _, machine := range status.Machines {
		fmt.Fprintf(table, "%s\t%s\t%s\n", machine.Name, machine.Status, machine.Address)
	}
	fmt.Fprintln(table, "\nKUBECONFIG\tPATH")
	for _, name := range slices.Sorted(maps.Keys(status.Kubeconfigs)) {
		fmt.Fprintf(table, "%s\t%s\n", name, status.Kubeconfigs[name])
	}
	return table.Flush()
}
