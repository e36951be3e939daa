// Package cli is the command line of caphv-lint.
package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// Exit codes of caphv-lint. They are part of its interface.
const (
	// ExitOK says that nothing was found that is as grave as --fail-on.
	ExitOK = 0
	// ExitFindings says that something was.
	ExitFindings = 1
	// ExitTrouble says that the command was called wrongly, or that something could not be read or parsed.
	ExitTrouble = 2
)

// errFindings ends a run whose findings have been written already.
var errFindings = errors.New("findings")

// errUnreadable ends a run that could not read or parse all of its input, which has been written already.
var errUnreadable = errors.New("unreadable input")

const longHelp = `caphv-lint validates HarvesterClusters, HarvesterMachines, their templates and the Clusters that use
them by the rules of the provider's admission webhook. It needs no cluster.

It reads files, directories (all .yaml, .yml and .json files below them), patterns such as "clusters/**/*.yaml" and, as
"-", standard input. Files may hold several YAML documents, JSON, and Lists. Objects of other kinds are skipped.
All that is named in one run is validated together, so that objects can be compared with each other.
Unknown fields and wrong values are found by the schemas of the CustomResourceDefinitions, in the API server's words.
With --old the change is validated: what must stay, and what was wrong before (warnings only).

Patches that a kustomization.yaml lists, the templates of Helm charts, and objects that hold ${...} or {{...}} are
skipped: validate what kustomize, helm and clusterctl render. --exclude leaves out other files.

Warnings and infos can be accepted, with a reason: in one object by the annotation
` + lint.IgnoreAnnotation + `: "HM025: a test machine", everywhere by the file
` + defaultConfig + `, which may hold:
  failOn: warning
  ignore:
  - {rule: HM040, reason: we have one namespace only}
  exclude: [vendor, "*.enc.yaml"]

Exit codes: 0 nothing was found, 1 something was found (see --fail-on), 2 wrong usage, or an input that cannot be
read or parsed.`

// Run runs the command with its arguments and returns the exit code. version is what --version prints.
func Run(version string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	command := newRoot()
	command.Version = version
	command.SetArgs(args)
	command.SetIn(stdin)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.Execute()
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errFindings):
		return ExitFindings
	case errors.Is(err, errUnreadable):
		return ExitTrouble
	default:
		_, _ = fmt.Fprintf(stderr, "caphv-lint: %v\n", err)
		return ExitTrouble
	}
}

type lintOptions struct {
	output string
	failOn string
	config string
	// old are files, directories and patterns with the objects as they were before.
	old            []string
	exclude        []string
	topologyDryRun bool
}

func newRoot() *cobra.Command {
	var options lintOptions
	root := &cobra.Command{
		Use:           "caphv-lint [flags] FILE|DIRECTORY|-...",
		Short:         "Validate manifests of the Harvester infrastructure provider",
		Long:          longHelp,
		Example:       "  caphv-lint cluster.yaml machines/\n  kustomize build . | caphv-lint -o json -\n  helm template . | caphv-lint -o sarif --fail-on warning - > caphv.sarif\n  git show main:cluster.yaml | caphv-lint --old - cluster.yaml",
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLint(cmd, options, args)
		},
	}
	root.Flags().StringVarP(&options.output, "output", "o", "text", "output format: "+strings.Join(lint.Formats, ", "))
	root.Flags().StringVar(&options.failOn, "fail-on", string(validation.Error), "lowest severity that fails the run: error, warning or info")
	root.Flags().StringVar(&options.config, "config", "", "configuration file (default "+defaultConfig+" where there is one)")
	root.Flags().StringArrayVar(&options.old, "old", nil, "file, directory or pattern with the objects as they are now, to validate the change (repeatable)")
	root.Flags().StringArrayVar(&options.exclude, "exclude", nil, "pattern of files or directories to leave out (repeatable)")
	root.Flags().BoolVar(&options.topologyDryRun, "topology-dry-run", false, "validate as in a dry run of Cluster API's topology controller")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(lint.Formats, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"error", "warning", "info"}, cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(newList(), newExplain(), newPolicy(), newMan())
	return root
}

func runLint(cmd *cobra.Command, options lintOptions, args []string) error {
	settings, err := readConfig(options.config)
	if err != nil {
		return err
	}
	if settings.FailOn != "" && !cmd.Flags().Changed("fail-on") {
		options.failOn = settings.FailOn
	}
	failOn := validation.Severity(options.failOn)
	switch {
	case !slices.Contains(lint.Formats, options.output):
		return fmt.Errorf("unknown output format %q; known are %s", options.output, strings.Join(lint.Formats, ", "))
	case !slices.Contains([]validation.Severity{validation.Error, validation.Warning, validation.Info}, failOn):
		return fmt.Errorf("unknown severity %q for --fail-on; known are error, warning, info", options.failOn)
	case len(args) == 0:
		return errors.New(`nothing to validate: name files or directories, or "-" for standard input`)
	}
	engine, err := validation.NewLazyEngine()
	if err != nil {
		return err
	}
	schemas, err := schema.NewSet()
	if err != nil {
		return err
	}
	rules := append(engine.Rules(), lint.OwnRules()...)
	if err := settings.check(rules); err != nil {
		return err
	}
	exclude := slices.Concat(settings.Exclude, options.exclude)
	if err := exclude.Check(); err != nil {
		return err
	}
	files, old := manifest.Find(args, exclude), manifest.Find(options.old, exclude)
	report, err := lint.Run(lint.Job{
		Engine: engine, Schemas: schemas, Files: files.Files, OldFiles: old.Files, Stdin: cmd.InOrStdin(), Accepted: settings.Ignore,
		Skipped: files.Skipped, Unreadable: lint.UnreadableBy(files.Errors, old.Errors),
		Options: validation.Options{DryRunTopology: options.topologyDryRun},
	})
	if err != nil {
		return err
	}
	about := lint.About{Version: cmd.Root().Version, Rules: rules, FailOn: failOn}
	if err := lint.Write(cmd.OutOrStdout(), options.output, report, about); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	for _, unreadable := range report.Unreadable {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), unreadable)
	}
	switch {
	case len(report.Unreadable) > 0:
		return errUnreadable
	case report.Reaches(failOn):
		return errFindings
	}
	return nil
}
