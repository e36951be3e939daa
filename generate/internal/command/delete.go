package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/apply"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/progress"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/prompt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// deleteRun is one run of delete.
type deleteRun struct {
	streams         Streams
	name, namespace string
	version         string
	yes, planOnly   bool
	timeout         time.Duration
	target          target
}

func newDelete(streams Streams) *cobra.Command {
	run := &deleteRun{streams: streams}
	command := &cobra.Command{
		Use:   "delete",
		Short: "Delete a cluster: first the plan, then the Cluster, then what belongs to it",
		Long: `delete shows what will go, and deletes it after a yes: first the Cluster, with its machines and all that CAPHV made for
them on Harvester; when that is gone, the addons, the health check and the identity Secret, without which CAPHV could not
have cleaned up. The namespace and the ClusterClass stay.

Exit codes: 0 gone; 2 not confirmed; 4 not gone in time; otherwise as with caphv-generate. Running it again goes on.`,
		Example: `  caphv-generate delete --name production-cluster --namespace prod-ns --plan
  caphv-generate delete --name production-cluster --namespace prod-ns --yes --timeout 30m`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return run.do(cmd.Context()) },
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&run.name, "name", "", "name of the cluster (required)")
	flags.StringVar(&run.namespace, "namespace", "", "namespace of the cluster (default: the cluster's name)")
	flags.StringVar(&run.version, "capi-api-version", settings.V1Beta1, "version of Cluster API's objects: v1beta1 or v1beta2")
	flags.BoolVar(&run.planOnly, "plan", false, "show the plan, and delete nothing")
	flags.BoolVar(&run.yes, "yes", false, "delete without a question")
	flags.DurationVar(&run.timeout, "timeout", defaultTimeout, "how long the Cluster may take to be gone; 0 for ever")
	run.target.registerCluster(flags)
	return command
}

func (r *deleteRun) do(ctx context.Context) error {
	if len(validation.IsDNS1123Label(r.name)) > 0 {
		return usage("--name %q is not a cluster: name the one to delete", r.name)
	}
	if r.namespace == "" {
		r.namespace = r.name
	}
	if len(validation.IsDNS1123Label(r.namespace)) > 0 {
		return usage("--namespace %q is not a namespace: name the one of the cluster", r.namespace)
	}
	if !slices.Contains(settings.Versions(), r.version) {
		return usage("--capi-api-version %q is none of %s", r.version, strings.Join(settings.Versions(), ", "))
	}
	applier, err := r.target.applier(r.streams)
	if err != nil {
		return err
	}
	objects, err := r.plan(ctx, applier)
	if err != nil || r.planOnly || len(objects) == 0 {
		return err
	}
	if err := r.confirm(ctx); err != nil {
		return err
	}
	return r.delete(ctx, applier, objects)
}

// plan writes what will go, and returns it in that order.
func (r *deleteRun) plan(ctx context.Context, applier *apply.Applier) ([]*unstructured.Unstructured, error) {
	var present []*unstructured.Unstructured
	for _, object := range manifest.Belongings(r.namespace, r.name, r.version) {
		exists, err := applier.Exists(ctx, object)
		if errors.Is(err, apply.ErrUnknownKind) && object.GetKind() == manifest.GitRepoKind {
			continue // Without Fleet there is none.
		}
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", manifest.Title(object), err)
		}
		if exists {
			present = append(present, object)
		}
	}
	if len(present) == 0 {
		fmt.Fprintf(r.streams.Out, "nothing to delete: there is no cluster %s/%s\n", r.namespace, r.name)
		return nil, nil
	}
	fmt.Fprintf(r.streams.Out, "Will be deleted, in this order:\n")
	for _, object := range present {
		fmt.Fprintf(r.streams.Out, "  %s\n", manifest.Title(object))
		if object.GetKind() == "Cluster" {
			if err := r.listMachines(ctx, applier, r.streams.Out); err != nil {
				return nil, err
			}
		}
	}
	return present, nil
}

// listMachines writes what goes with the Cluster.
func (r *deleteRun) listMachines(ctx context.Context, applier *apply.Applier, out io.Writer) error {
	resource := schema.GroupVersionResource{Group: "cluster.x-k8s.io", Version: r.version, Resource: "machines"}
	machines, err := applier.Client().Resource(resource).Namespace(r.namespace).
		List(ctx, metav1.ListOptions{LabelSelector: "cluster.x-k8s.io/cluster-name=" + r.name})
	if err != nil {
		return fmt.Errorf("listing the machines of the cluster: %w", err)
	}
	for i := range machines.Items {
		fmt.Fprintf(out, "    with %s and its VM, disks and address on Harvester\n", manifest.Title(&machines.Items[i]))
	}
	return nil
}

func (r *deleteRun) confirm(ctx context.Context) error {
	if r.yes {
		return nil
	}
	if !r.streams.Terminal {
		return usage("nothing is deleted without a yes: add --yes, or run it on a terminal")
	}
	confirmed, err := prompt.NewSession(r.streams.In, r.streams.Err).Confirm(ctx, "Delete all of this")
	if err != nil {
		return err
	}
	if !confirmed {
		return usage("nothing is deleted: the answer was not yes")
	}
	return nil
}

func (r *deleteRun) delete(ctx context.Context, applier *apply.Applier, objects []*unstructured.Unstructured) error {
	for i, object := range objects {
		_, err := applier.Delete(ctx, object)
		if err == nil && object.GetKind() == "Cluster" {
			follower := progress.Follower{
				Client: applier.Client(), Version: r.version, Namespace: r.namespace, Name: r.name, Out: r.streams.Out, Timeout: r.timeout,
			}
			err = follower.AwaitGone(ctx)
		}
		if err != nil {
			return fmt.Errorf("%d of %d objects are gone, %s is not: %w\nrun the same command again to finish",
				i, len(objects), manifest.Title(object), err)
		}
		fmt.Fprintf(r.streams.Out, "[%2d/%d] %s: deleted\n", i+1, len(objects), manifest.Title(object))
	}
	return nil
}
