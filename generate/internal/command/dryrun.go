package command

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/apply"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
)

// standIn is a namespace that every cluster has. The API server validates nothing in a namespace that is not there.
const standIn = "default"

// dryRun has the API server validate every object, and reports all that it refuses.
func dryRun(ctx context.Context, streams Streams, applier *apply.Applier, objects []*unstructured.Unstructured) error {
	absent := make(map[string]bool)
	var refused []string
	for i, object := range objects {
		validated, note := object, ""
		if absent[object.GetNamespace()] {
			validated, note = object.DeepCopy(), " (validated in namespace "+standIn+")"
			validated.SetNamespace(standIn)
		}
		outcome, err := applier.Apply(ctx, validated)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			refused = append(refused, fmt.Sprintf("%s: %v", manifest.Title(object), err))
			continue
		}
		if object.GetKind() == "Namespace" && outcome == apply.Created {
			absent[object.GetName()] = true
		}
		fmt.Fprintf(streams.Out, "[%2d/%d] %s: %s%s (dry run)\n", i+1, len(objects), manifest.Title(object), outcome, note)
	}
	if len(refused) > 0 {
		return fmt.Errorf("the management cluster refuses %d of %d objects; nothing is written:\n  %s",
			len(refused), len(objects), joinLines(slices.Clone(refused)))
	}
	return nil
}
