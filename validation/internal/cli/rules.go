package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/crd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint"
)

// listFormats are the outputs of list.
var listFormats = []string{"text", "json", "markdown"}

func newList() *cobra.Command {
	var output string
	list := &cobra.Command{
		Use:     "list",
		Short:   "List all rules",
		Example: "  caphv-lint list\n  caphv-lint list -o json | jq '.[].id'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, err := validation.NewEngine()
			if err != nil {
				return err
			}
			rules := append(engine.Rules(), lint.OwnRules()...)
			switch output {
			case "text":
				return listText(cmd.OutOrStdout(), rules)
			case "json":
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetEscapeHTML(false)
				encoder.SetIndent("", "  ")
				return encoder.Encode(rules)
			case "markdown":
				return listMarkdown(cmd.OutOrStdout(), rules)
			default:
				return fmt.Errorf("unknown output format %q; known are %s", output, strings.Join(listFormats, ", "))
			}
		},
	}
	list.Flags().StringVarP(&output, "output", "o", "text", "output format: "+strings.Join(listFormats, ", "))
	_ = list.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(listFormats, cobra.ShellCompDirectiveNoFileComp))
	return list
}

func listText(w io.Writer, rules []validation.Rule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "RULE\tSEVERITY\tKIND\tTITLE")
	for _, rule := range rules {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Targets[0].Kind, rule.Title)
	}
	return table.Flush()
}

// listMarkdown writes RULES.md, which a test compares with it.
func listMarkdown(w io.Writer, rules []validation.Rule) error {
	var text strings.Builder
	text.WriteString("# Rules\n\nWritten by `caphv-lint list -o markdown`; the rules themselves are in [rules](rules).\n")
	kind := ""
	for _, rule := range rules {
		if rule.Targets[0].Kind != kind {
			kind = rule.Targets[0].Kind
			fmt.Fprintf(&text, "\n## %s\n", kind)
		}
		fmt.Fprintf(&text, "\n### %s: %s\n\n", rule.ID, rule.Title)
		for _, target := range rule.Targets {
			for _, scope := range target.Scopes {
				place := scope
				if rule.Field != "" {
					place += "." + rule.Field
				}
				fmt.Fprintf(&text, "- %s in %s: `%s`\n", target.Severity, target.Kind, place)
			}
		}
		fmt.Fprintf(&text, "\nFinding: %s. Fix: %s", rule.Message, rule.Remediation)
		if rule.Documentation != "" {
			text.WriteString(" " + rule.Documentation)
		}
		fmt.Fprintf(&text, " (since %s)\n", rule.Since)
		if place := inSchema(rule); place != "" {
			fmt.Fprintf(&text, "\nIn the schema: %s.\n", place)
		}
		if rule.Expression != "" {
			fmt.Fprintf(&text, "\n```cel\n%s\n```\n", rule.Expression)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// inSchema tells whether the CustomResourceDefinitions hold the rule too, so that the API server validates by it without
// the webhook.
func inSchema(rule validation.Rule) string {
	finds := slices.ContainsFunc(rule.Targets, func(t validation.Target) bool {
		return t.Severity == validation.Error && strings.HasPrefix(t.Kind, "Harvester")
	})
	switch {
	case !finds || rule.Expression == "":
		return ""
	case rule.NotInSchema != "":
		return "no; " + rule.NotInSchema
	case crd.CanSay(rule):
		return "yes, as CEL"
	default:
		return "no; CEL there sees neither other objects, metadata nor the request"
	}
}

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain RULE",
		Short:   "Explain one rule: what it asks for, why, and how to fix a finding",
		Example: "  caphv-lint explain HM008",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := validation.NewEngine()
			if err != nil {
				return err
			}
			for _, rule := range append(engine.Rules(), lint.OwnRules()...) {
				if strings.EqualFold(rule.ID, args[0]) {
					explain(cmd.OutOrStdout(), rule)
					return nil
				}
			}
			return fmt.Errorf("rule %q does not exist; caphv-lint list shows all", args[0])
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
	for _, rule := range append(engine.Rules(), lint.OwnRules()...) {
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
	line("Fix:  %s", rule.Remediation)
	if rule.Documentation != "" {
		line("Why:      %s", rule.Documentation)
	}
	line("Since:    %s", rule.Since)
	if place := inSchema(rule); place != "" {
		line("Schema:   %s", place)
	}
	if rule.Expression != "" {
		line("CEL:      %s", rule.Expression)
	}
}
