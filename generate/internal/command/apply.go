package command

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/apply"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
)

// config finds the management cluster as kubectl does. Warnings of the API server go to the user.
func (t target) config(streams Streams) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = t.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: t.context})
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, usage("no management cluster is found: set --kubeconfig or KUBECONFIG, or choose a --context that has one")
	}
	if err != nil {
		return nil, usage("--kubeconfig or --context: %v: name a kubeconfig and a context in it (kubectl config get-contexts)", err)
	}
	config.UserAgent = "caphv-generate"
	config.WarningHandler = warnings{rest.NewWarningWriter(streams.Err, rest.WarningWriterOptions{Deduplicate: true})}
	return config, nil
}

func (t target) applier(streams Streams) (*apply.Applier, error) {
	config, err := t.config(streams)
	if err != nil {
		return nil, err
	}
	return apply.New(config)
}

// warnings passes on what the API server warns about, except that v1beta1 is deprecated: the manifests are written in that
// version on purpose, since every management cluster that CAPHV supports serves it.
type warnings struct{ next rest.WarningHandler }

// HandleWarningHeader implements [rest.WarningHandler].
func (w warnings) HandleWarningHeader(code int, agent, text string) {
	if strings.Contains(text, ".x-k8s.io/v1beta1 ") && strings.Contains(text, " is deprecated") {
		return
	}
	w.next.HandleWarningHeader(code, agent, text)
}

// applyAll applies the objects in order, one line each. Kinds that the API server lacks are found out before anything is
// written. What is done stays done when it fails or is interrupted half-way, and the error says how far it came: running
// the same command again goes on from there. after runs when all is applied.
func (t target) applyAll(ctx context.Context, streams Streams, objects []*unstructured.Unstructured,
	after func(context.Context, *apply.Applier, Streams) error,
) error {
	applier, err := t.applier(streams)
	if err != nil {
		return err
	}
	applier.Force, applier.DryRun = t.force, t.dryRun
	if err := applier.Known(objects); err != nil {
		return err
	}
	if t.dryRun {
		return dryRun(ctx, streams, applier, objects)
	}
	for i, object := range objects {
		outcome, err := applier.Apply(ctx, object)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%d of %d objects are applied, %s is not: %w\nrun the same command again to finish",
				i, len(objects), manifest.Title(object), err)
		}
		fmt.Fprintf(streams.Out, "[%2d/%d] %s: %s\n", i+1, len(objects), manifest.Title(object), outcome)
	}
	if after == nil {
		return nil
	}
	return after(ctx, applier, streams)
}

// warnAboutClass tells the user if the Cluster waits for a ClusterClass that is not in its namespace.
func warnAboutClass(objects []*unstructured.Unstructured) func(context.Context, *apply.Applier, Streams) error {
	return func(ctx context.Context, applier *apply.Applier, streams Streams) error {
		for _, object := range objects {
			if object.GetKind() != "Cluster" {
				continue
			}
			class := &unstructured.Unstructured{}
			class.SetAPIVersion(object.GetAPIVersion())
			class.SetKind("ClusterClass")
			class.SetNamespace(classNamespace(object))
			class.SetName(className(object))
			exists, err := applier.Exists(ctx, class)
			if err != nil {
				return fmt.Errorf("all objects are applied; looking for %s: %w", manifest.Title(class), err)
			}
			if !exists {
				fmt.Fprintf(streams.Err, "warning: %s is missing, and the cluster waits for it%s\n", manifest.Title(class), howToMake(class))
			}
		}
		return nil
	}
}

// howToMake names the command that writes the ClusterClass that ships.
func howToMake(class *unstructured.Unstructured) string {
	if class.GetName() != manifest.ClusterClassName {
		return ""
	}
	return fmt.Sprintf(": caphv-generate clusterclass --namespace %s --apply", class.GetNamespace())
}

func className(cluster *unstructured.Unstructured) string {
	for _, path := range [][]string{{"spec", "topology", "class"}, {"spec", "topology", "classRef", "name"}} {
		if name, found, err := unstructured.NestedString(cluster.Object, path...); found && err == nil && name != "" {
			return name
		}
	}
	return manifest.ClusterClassName
}

func classNamespace(cluster *unstructured.Unstructured) string {
	// The second one is v1beta2's. A field of another type than string is as good as none.
	for _, path := range [][]string{{"spec", "topology", "classNamespace"}, {"spec", "topology", "classRef", "namespace"}} {
		if namespace, found, err := unstructured.NestedString(cluster.Object, path...); found && err == nil {
			return namespace
		}
	}
	return cluster.GetNamespace()
}
