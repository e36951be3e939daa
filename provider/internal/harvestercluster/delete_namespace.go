package harvestercluster

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// deleteNamespace deletes the target namespace if it was created for this cluster and nothing is left in it. It asks the
// API server for every kind it knows rather than trusting a list of ours; where anything cannot be seen, the namespace
// stays: an empty namespace too many harms nobody.
func (r *Reconciler) deleteNamespace(ctx context.Context, s *scope) phase.Outcome {
	namespace := &corev1.Namespace{}
	err := s.harvester.Client().Get(ctx, client.ObjectKey{Name: s.targetNamespace()}, namespace)
	switch {
	case apierrors.IsNotFound(err):
		return phase.Unchanged()
	case err != nil:
		return failed("look for the target namespace", err)
	case !s.owns(namespace.Labels) || !namespace.DeletionTimestamp.IsZero():
		return phase.Unchanged()
	}
	content, err := firstContent(ctx, s)
	if err != nil {
		ctrl.LoggerFrom(ctx).Info("The target namespace is kept, as its content cannot be seen", "namespace", namespace.Name, "reason", err.Error())
		return phase.Unchanged()
	}
	if content != "" {
		r.warning(ctx, s, infrav1.NamespaceKeptEvent, "Delete", "Namespace %q on Harvester is kept: it holds %s", namespace.Name, content)
		return phase.Unchanged()
	}
	err = s.harvester.Client().Delete(ctx, namespace, write.Exactly(namespace))
	if client.IgnoreNotFound(err) != nil {
		return failed("delete the target namespace", err)
	}
	return phase.Unchanged()
}

// firstContent names something that is in the namespace beside what Kubernetes puts into every namespace; the empty
// string means that there is nothing.
func firstContent(ctx context.Context, s *scope) (string, error) {
	finder, err := discovery.NewDiscoveryClientForConfig(s.harvester.RESTConfig())
	if err != nil {
		return "", err
	}
	groups, err := finder.ServerPreferredNamespacedResources()
	if err != nil {
		return "", err
	}
	for _, group := range groups {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return "", err
		}
		for _, resource := range group.APIResources {
			if !slices.Contains(resource.Verbs, "list") || transient(version.Group, resource.Kind) {
				continue
			}
			content, err := firstOfKind(ctx, s.harvester.Client(), s.targetNamespace(), version.WithKind(resource.Kind))
			if err != nil || content != "" {
				return content, err
			}
		}
	}
	return "", nil
}

// firstOfKind names an object of one kind that stays in a namespace. What is being deleted is no content, and neither is
// what Kubernetes puts there; both may fill whole pages, so that it goes on until it finds something or all is seen.
func firstOfKind(ctx context.Context, reader client.Reader, namespace string, gvk schema.GroupVersionKind) (string, error) {
	for next := ""; ; {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(contentPage), client.Continue(next))
		if err != nil {
			return "", fmt.Errorf("list %s: %w", gvk.Kind, err)
		}
		for i := range list.Items {
			item := &list.Items[i]
			if !ofEveryNamespace(gvk.Kind, item.Name) && item.DeletionTimestamp.IsZero() {
				return gvk.Kind + " " + item.Name, nil
			}
		}
		if next = list.Continue; next == "" {
			return "", nil
		}
	}
}

// contentPage is how many objects of a kind are looked at in one request. Most kinds have none, and one that stays ends the
// search.
const contentPage = 50

// transient tells whether objects of a kind come and go by themselves and hold nothing of anybody's.
func transient(group, kind string) bool {
	return kind == "Event" || group == "metrics.k8s.io"
}

// ofEveryNamespace tells whether Kubernetes puts an object of that name into every namespace.
func ofEveryNamespace(kind, name string) bool {
	return (kind == "ServiceAccount" && name == "default") || (kind == "ConfigMap" && name == "kube-root-ca.crt")
}
