package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/check"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/prompt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// generateRun is one run of the root command.
type generateRun struct {
	streams     Streams
	settings    settings.Settings
	fields      []settings.Field
	interactive bool
	apply       bool
	output      string
	target      target
}

func (r *generateRun) do(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if r.interactive {
		if err := r.ask(ctx, cmd.Flags()); err != nil {
			return err
		}
	}
	objects, err := r.build()
	if err != nil {
		return err
	}
	if r.output != "" {
		paths, err := manifest.WriteFiles(r.output, objects)
		if err != nil {
			return err
		}
		fmt.Fprintf(r.streams.Err, "wrote %d objects to %s\n", len(paths), r.output)
	}
	switch {
	case r.apply:
		return r.target.applyAll(ctx, r.streams, objects, warnAboutClass(objects))
	case r.output == "":
		return manifest.Write(r.streams.Out, objects)
	}
	return nil
}

// ask fills in what no flag says, and shows how to say it by flags.
func (r *generateRun) ask(ctx context.Context, flags *pflag.FlagSet) error {
	if !r.streams.Terminal {
		return usage("--interactive needs a terminal: leave it out and give the flags")
	}
	session := prompt.NewSession(r.streams.In, r.streams.Err)
	if err := session.Fill(ctx, r.fields, flags, func() []settings.Problem { return r.settings.Problems() }); err != nil {
		return err
	}
	if !r.apply && r.output == "" {
		confirmed, err := session.Confirm(ctx, "Apply to the management cluster now")
		if err != nil {
			return err
		}
		if confirmed {
			if err := flags.Set("apply", "true"); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(r.streams.Err, "The same without questions:\n  %s\n", prompt.CommandLine("caphv-generate", flags))
	return nil
}

// build judges the settings, reads the kubeconfig, and makes the objects. All that is wrong is reported together.
func (r *generateRun) build() ([]*unstructured.Unstructured, error) {
	var problems []string
	for _, problem := range r.settings.Problems() {
		problems = append(problems, problem.String())
	}
	kubeconfig, err := readKubeconfig(r.settings.HarvesterKubeconfig)
	var mistake *usageError
	if errors.As(err, &mistake) {
		problems = append(problems, mistake.problems...)
	} else if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, &usageError{problems}
	}
	complete := r.settings.Complete()
	objects, err := manifest.Build(complete, kubeconfig)
	if err != nil {
		return nil, err
	}
	findings, err := check.Run(complete, objects)
	if err != nil {
		return nil, err
	}
	if len(findings.Errors) > 0 {
		return nil, &usageError{findings.Errors}
	}
	for _, warning := range complete.Warnings() {
		fmt.Fprintf(r.streams.Err, "warning: %s\n", warning)
	}
	for _, warning := range findings.Warnings {
		fmt.Fprintf(r.streams.Err, "warning: %s\n", warning)
	}
	return objects, nil
}

// readKubeconfig returns the file as it is, after a look at it. Nothing of it gets into an error.
func readKubeconfig(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	// A shell expands the tilde of "--flag ~/file", but not that of "--flag=~/file".
	if rest, relative := strings.CutPrefix(path, "~/"); relative {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	content, err := os.ReadFile(path) //nolint:gosec // Reading the file that the user names is the point.
	if err != nil {
		return nil, usage("--harvester-kubeconfig cannot be read: %v", err)
	}
	if _, err := harvesterclient.RESTConfig(content); err != nil {
		return nil, usage("--harvester-kubeconfig %s: %v", path, err)
	}
	return content, nil
}
