package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all rules",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, err := validation.NewEngine()
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(table, "RULE\tSEVERITY\tKIND\tTITLE")
			for _, rule := range engine.Rules() {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Targets[0].Kind, rule.Title)
			}
			return table.Flush()
		},
	}
}

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain RULE",
		Short:   "Explain one rule: what it asks for, why, and how to mend a finding",
		Example: "  caphv-lint explain HM008",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := validation.NewEngine()
			if err != nil {
				return err
			}
			for _, rule := range engine.Rules() {
				if strings.EqualFold(rule.ID, args[0]) {
					explain(cmd.OutOrStdout(), rule)
					return nil
				}
			}
			return fmt.Errorf("there is no rule %q; caphv-lint list shows all", args[0])
		},
		ValidArgsFunction: completeRules,
	}
}

func completeRules(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	engine, err := validation.NewEngine()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var completions []cobra.Completion
	for _, rule := range engine.Rules() {
		completions = append(completions, cobra.CompletionWithDesc(rule.ID, rule.Title))
	}
	return completions, cobra.ShellCompDirectiveNoFileComp
}

func explain(w io.Writer, rule validation.Rule) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	line("%s: %s", rule.ID, rule.Title)
	line("")
	for _, target := range rule.Targets {
		for _, scope := range target.Scopes {
			place := scope
			if rule.Field != "" {
				place += "." + rule.Field
			}
			line("  %-8s %s %s", target.Severity, target.Kind, place)
		}
	}
	line("")
	line("Finding:  %s", rule.Message)
	line("To mend:  %s", rule.Remediation)
	if rule.Documentation != "" {
		line("Why:      %s", rule.Documentation)
	}
	line("Since:    %s", rule.Since)
	line("CEL:      %s", rule.Expression)
}
