package command

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/check"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/prompt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// generateRun is one run of the root command.
type generateRun struct {
	streams     Streams
	settings    settings.Settings
	fields      []settings.Field
	values      []string
	recursive   bool
	interactive bool
	apply       bool
	preflight   preflightRun
	output      output
	target      target
}

func (r *generateRun) do(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if err := r.combination(); err != nil {
		return err
	}
	clusters, err := r.clusters(cmd.Flags())
	if err != nil {
		return err
	}
	if r.interactive {
		if err := r.ask(ctx, cmd.Flags()); err != nil {
			return err
		}
		clusters = []wanted{{settings: r.settings}}
	}
	built, err := r.buildAll(clusters)
	if err != nil {
		return err
	}
	if r.apply {
		// A management cluster that is not named is found out before anyone is asked.
		if _, err := r.target.config(r.streams); err != nil {
			return err
		}
	}
	if reported, err := r.preflightFirst(ctx, cmd.Flags(), built); err != nil || reported {
		return err
	}
	if err := r.output.write(r.streams, built, !r.apply); err != nil || !r.apply {
		return err
	}
	objects := all(built)
	if err := r.target.applyAll(ctx, r.streams, objects, warnAboutClass(objects)); err != nil || !r.target.wait {
		return err
	}
	return r.target.awaitUp(ctx, r.streams, built)
}

// preflightFirst asks Harvester if that is wanted, and tells whether nothing else is.
func (r *generateRun) preflightFirst(ctx context.Context, flags *pflag.FlagSet, built []built) (only bool, err error) {
	asked := flags.Changed("preflight")
	switch {
	case asked && r.preflight.on && !r.apply && !r.output.toFiles():
		return true, r.preflight.check(ctx, r.streams.Out, built)
	case r.preflight.on || r.apply && !asked:
		return false, r.preflight.check(ctx, r.streams.Err, built)
	}
	return false, nil
}

// combination refuses flags that ask for what cannot be had together.
func (r *generateRun) combination() error {
	switch {
	case r.preflight.format != formatText && r.preflight.format != formatJSON:
		return usage("--preflight-format %q is neither text nor json", r.preflight.format)
	case r.interactive: // The answer to a question may be to apply.
		return nil
	case r.target.dryRun && !r.apply:
		return usage("--dry-run is a way to apply: add --apply, or leave it out to write the objects only")
	case r.target.wait && !r.apply:
		return usage("--wait waits for what is applied: add --apply or leave it out")
	case r.target.wait && r.target.dryRun:
		return usage("--wait and --dry-run exclude each other: nothing comes up that is not kept")
	case r.target.timeout < 0:
		return usage("--timeout %s is negative: give a duration such as 30m, or 0 for no end", r.target.timeout)
	}
	return nil
}

// ask fills in what no flag says, sums it up, and shows how to say it by flags.
func (r *generateRun) ask(ctx context.Context, flags *pflag.FlagSet) error {
	if !r.streams.Terminal {
		return usage("--interactive needs a terminal: leave it out and give the flags")
	}
	session := prompt.NewSession(r.streams.In, r.streams.Err)
	err := r.questions(ctx, session, flags)
	if ctx.Err() != nil {
		return fmt.Errorf("nothing is written or applied: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(r.streams.Err, "The same without questions:\n  %s\n", prompt.CommandLine("caphv-generate", flags))
	return nil
}

func (r *generateRun) questions(ctx context.Context, session *prompt.Session, flags *pflag.FlagSet) error {
	guide := &interview{settings: &r.settings, out: r.streams.Err}
	if r.settings.HarvesterKubeconfig != "" {
		if problem := guide.connect(ctx); problem != "" {
			return usage("%s", problem)
		}
	}
	if err := session.Fill(ctx, r.fields, flags, guide); err != nil {
		return err
	}
	fmt.Fprint(r.streams.Err, r.settings.Complete().Summary())
	if !r.apply && !r.output.toFiles() {
		if err := confirm(ctx, session, flags, "apply", "Apply to the management cluster now"); err != nil {
			return err
		}
	}
	if r.apply && !r.target.wait && !r.target.dryRun {
		return confirm(ctx, session, flags, "wait", "Wait until the cluster is up")
	}
	return nil
}

// confirm sets a flag after a yes.
func confirm(ctx context.Context, session *prompt.Session, flags *pflag.FlagSet, flag, question string) error {
	confirmed, err := session.Confirm(ctx, question)
	if err != nil || !confirmed {
		return err
	}
	return flags.Set(flag, "true")
}

// built is what became of a cluster's settings.
type built struct {
	settings settings.Settings
	objects  []*unstructured.Unstructured
	warnings []string
}

// buildAll makes the objects of every cluster, several at once. All that is wrong with any of them is reported together,
// in the order of the clusters.
func (r *generateRun) buildAll(clusters []wanted) ([]built, error) {
	done, failures := make([]built, len(clusters)), make([]error, len(clusters))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, cluster := range clusters {
		group.Go(func() error {
			done[i], failures[i] = build(cluster.settings)
			return nil
		})
	}
	_ = group.Wait() // Each failure is in its place.
	var problems []string
	for i, cluster := range clusters {
		var mistake *usageError
		if errors.As(failures[i], &mistake) {
			for _, problem := range mistake.problems {
				problems = append(problems, cluster.says(problem))
			}
			continue
		}
		if failures[i] != nil {
			return nil, failures[i]
		}
		for _, warning := range done[i].warnings {
			fmt.Fprintf(r.streams.Err, "warning: %s\n", cluster.says(warning))
		}
	}
	problems = append(problems, doubles(clusters)...)
	if len(problems) > 0 {
		return nil, &usageError{problems}
	}
	return done, nil
}

// build validates the settings, reads the files they name, and makes the objects. All that is wrong is reported together.
func build(s settings.Settings) (built, error) {
	var problems []string
	for _, problem := range s.Problems() {
		problems = append(problems, problem.String())
	}
	files, err := contents(s)
	var mistake *usageError
	if errors.As(err, &mistake) {
		problems = append(problems, mistake.problems...)
	} else if err != nil {
		return built{}, err
	}
	if len(problems) > 0 {
		return built{}, &usageError{problems}
	}
	done := built{settings: s.Complete()}
	if done.objects, err = manifest.Build(done.settings, files); err != nil {
		return built{}, err
	}
	findings, err := check.Run(done.settings, done.objects)
	if err != nil {
		return built{}, err
	}
	if len(findings.Errors) > 0 {
		return built{}, &usageError{findings.Errors}
	}
	for _, warning := range done.settings.Warnings() {
		done.warnings = append(done.warnings, warning.String())
	}
	done.warnings = append(done.warnings, findings.Warnings...)
	return done, nil
}
