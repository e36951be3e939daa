package poolcommand

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// command gives a subcommand what all of them have: arguments that name pools, completed from Harvester.
func (t *tool) command(cmd *cobra.Command) *cobra.Command {
	cmd.Args = usage(cobra.ArbitraryArgs)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return completePools(t)(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func (t *tool) json(value any) error {
	encoder := json.NewEncoder(t.streams.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (t *tool) table(header []string, rows [][]string) error {
	out := tabwriter.NewWriter(t.streams.Out, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		if _, err := fmt.Fprintln(out, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (t *tool) findings(findings []poolaudit.Finding) error {
	rows := make([][]string, 0, len(findings))
	for _, f := range findings {
		rows = append(rows, []string{string(f.Kind), f.Pool, orNone(f.Address), f.Message})
	}
	return t.table([]string{"FINDING", "POOL", "ADDRESS", "WHAT"}, rows)
}
