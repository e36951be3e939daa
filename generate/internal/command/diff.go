package command

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/apply"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// errDifferent makes the exit code of a diff that is not empty.
var errDifferent = errors.New("the live objects differ")

func newDiff(streams Streams) *cobra.Command {
	run := &generateRun{streams: streams, settings: settings.Defaults()}
	command := &cobra.Command{
		Use:   "diff",
		Short: "Show what --apply would change in the management cluster",
		Long: `diff has the API server say what applying would make of each object, writes the differences from the live objects, and
keeps nothing. The flags are those of caphv-generate. Values of Secrets are not shown.

Exit codes: 0 no difference; 5 there are differences; otherwise as with caphv-generate.`,
		Example: `  caphv-generate diff -f clusters/production.yaml`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clusters, err := run.clusters(cmd.Flags())
			if err != nil {
				return err
			}
			built, err := run.buildAll(clusters)
			if err != nil {
				return err
			}
			applier, err := run.target.applier(streams)
			if err != nil {
				return err
			}
			return diffAll(cmd.Context(), streams, applier, all(built))
		},
	}
	run.registerFields(command)
	run.target.registerCluster(command.Flags())
	return command
}

func diffAll(ctx context.Context, streams Streams, applier *apply.Applier, objects []*unstructured.Unstructured) error {
	if err := applier.Known(objects); err != nil {
		return err
	}
	different := false
	for _, object := range objects {
		before, after, err := applier.Preview(ctx, object)
		if err != nil {
			return fmt.Errorf("%s: %w", manifest.Title(object), err)
		}
		text, err := diff(before, after)
		if err != nil {
			return fmt.Errorf("%s: %w", manifest.Title(object), err)
		}
		different = different || text != ""
		if _, err := fmt.Fprint(streams.Out, text); err != nil {
			return err
		}
	}
	if different {
		return errDifferent
	}
	return nil
}

// diff compares as people read it. before is nil for an object that is not there.
func diff(before, after *unstructured.Unstructured) (string, error) {
	name := manifest.Title(after)
	was, from := "", "/dev/null"
	before, after = shown(before, after)
	if before != nil {
		text, err := manifest.Render(before)
		if err != nil {
			return "", err
		}
		was, from = string(text), name+" (live)"
	}
	is, err := manifest.Render(after)
	if err != nil {
		return "", err
	}
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(was), B: difflib.SplitLines(string(is)), FromFile: from, ToFile: name + " (generated)", Context: 3,
	})
}

// shown leaves out what the API server counts, and puts words in the place of a Secret's values.
func shown(before, after *unstructured.Unstructured) (*unstructured.Unstructured, *unstructured.Unstructured) {
	var old map[string]any
	if before != nil {
		old, _, _ = unstructured.NestedMap(before.Object, "data")
	}
	clean := func(object *unstructured.Unstructured, same, other string) *unstructured.Unstructured {
		if object == nil {
			return nil
		}
		object = object.DeepCopy()
		object.SetManagedFields(nil)
		for _, counted := range []string{"resourceVersion", "generation", "uid", "creationTimestamp"} {
			unstructured.RemoveNestedField(object.Object, "metadata", counted)
		}
		unstructured.RemoveNestedField(object.Object, "status")
		if object.GetKind() != "Secret" {
			return object
		}
		data, _, _ := unstructured.NestedMap(object.Object, "data")
		for key := range maps.Clone(data) {
			data[key] = same
			if before == nil || !equalValue(after, old, key) {
				data[key] = other
			}
		}
		object.Object["data"] = data
		return object
	}
	const hidden = "(not shown)"
	return clean(before, hidden, hidden+" live"), clean(after, hidden, hidden+" generated")
}

func equalValue(after *unstructured.Unstructured, old map[string]any, key string) bool {
	value, _, _ := unstructured.NestedString(after.Object, "data", key)
	return old[key] == value
}
