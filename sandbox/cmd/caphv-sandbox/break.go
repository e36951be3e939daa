package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
)

func newBreakCommand(settings *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "break <fault> [target]",
		Short: "Break something in a running sandbox",
		Long:  "Break something in a running sandbox. Without arguments the faults are listed.\n\nFaults:\n" + faultTable(),
		Example: `  caphv-sandbox break
  caphv-sandbox break manager
  caphv-sandbox break vm-crash default/demo-md-0-abcde-fghij
  caphv-sandbox break harvester-slow virtualmachines`,
		Args:      cobra.MaximumNArgs(2),
		ValidArgs: faultNames(),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				fmt.Fprint(command.OutOrStdout(), faultTable())
				return nil
			}
			client, err := settings.client()
			if err != nil {
				return err
			}
			target := ""
			if len(args) == 2 {
				target = args[1]
			}
			done, err := client.Break(command.Context(), args[0], target)
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), done)
			return nil
		},
	}
}

func faultNames() []string {
	var names []string
	for _, fault := range sandbox.Faults() {
		names = append(names, fault.Name)
	}
	return names
}

func faultTable() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, fault := range sandbox.Faults() {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", fault.Name, fault.Argument(), fault.Effect)
	}
	table.Flush() // a Builder takes everything
	return text.String()
}
