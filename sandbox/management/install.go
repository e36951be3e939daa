package management

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	fieldOwner   = client.FieldOwner("caphv-sandbox")
	pollInterval = 50 * time.Millisecond
	installTime  = 2 * time.Minute
)

// newClient reads and writes any object of the management cluster, uncached.
func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("a client for the management cluster: %w", err)
	}
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("a client for the management cluster: %w", err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("a client for the management cluster: %w", err)
	}
	return c, nil
}

// Apply server-side applies objects, in their order. The objects are not
// changed.
func Apply(ctx context.Context, c client.Client, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), fieldOwner, client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), client.ObjectKeyFromObject(object), err)
		}
	}
	return nil
}

// applyCRDs applies CRDs side by side and waits until each is established, that
// is, served.
func applyCRDs(ctx context.Context, c client.Client, crds []*unstructured.Unstructured) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, crd := range crds {
		group.Go(func() error {
			if err := Apply(ctx, c, []*unstructured.Unstructured{crd}); err != nil {
				return err
			}
			return awaitEstablished(ctx, c, crd.GetName())
		})
	}
	return group.Wait()
}

func awaitEstablished(ctx context.Context, c client.Client, name string) error {
	err := wait.PollUntilContextTimeout(ctx, pollInterval, installTime, true, func(ctx context.Context) (bool, error) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := c.Get(ctx, client.ObjectKey{Name: name}, crd); err != nil {
			return false, err
		}
		for _, condition := range crd.Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for CRD %s to be established: %w", name, err)
	}
	return nil
}

// awaitAggregation waits until the cluster's controller has filled the
// aggregated cluster roles among the objects: a manager started before would
// be refused everything, and back off.
func awaitAggregation(ctx context.Context, c client.Client, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if object.GetKind() != "ClusterRole" || object.Object["aggregationRule"] == nil {
			continue
		}
		err := wait.PollUntilContextTimeout(ctx, pollInterval, installTime, true, func(ctx context.Context) (bool, error) {
			role := &rbacv1.ClusterRole{}
			err := c.Get(ctx, client.ObjectKey{Name: object.GetName()}, role)
			return len(role.Rules) > 0, err
		})
		if err != nil {
			return fmt.Errorf("waiting for cluster role %s to be aggregated: %w", object.GetName(), err)
		}
	}
	return nil
}
