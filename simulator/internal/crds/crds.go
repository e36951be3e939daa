// Package crds holds the CustomResourceDefinitions of a Harvester cluster, as far as a machine provider meets them:
// load balancers and pools, images, key pairs, settings, networks, virtual machines, their instances and migrations,
// and data volumes. KubeVirt's are its own, of v1.7.0, which Harvester v1.8.0 ships, without their descriptions. The others
// are generated from Go types (Harvester's from module harvesterclient, CDI's from its own API module) and then given
// upstream's peculiarities: which kinds have a status subresource, their short names and their columns.
package crds

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

//go:generate go run ./gen
//go:generate go -C ../../../conformance/kubevirtadmission run ./cmd/kubevirt-crds ../../simulator/internal/crds

//go:embed *.yaml
var files embed.FS

// All returns every definition, in the order of their names. The caller owns the result.
func All() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list CRDs: %w", err)
	}
	all := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(names))
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read CRD %s: %w", name, err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return nil, fmt.Errorf("parse CRD %s: %w", name, err)
		}
		all = append(all, crd)
	}
	return all, nil
}

// Install creates or updates every definition and waits until the apiserver serves them all. The client's scheme must
// know apiextensions.k8s.io/v1.
func Install(ctx context.Context, c client.Client) error {
	all, err := All()
	if err != nil {
		return err
	}
	for _, crd := range all {
		if err := apply(ctx, c, crd); err != nil {
			return err
		}
	}
	for _, crd := range all {
		if err := waitEstablished(ctx, c, crd.Name); err != nil {
			return err
		}
	}
	return nil
}

func apply(ctx context.Context, c client.Client, crd *apiextensionsv1.CustomResourceDefinition) error {
	err := c.Create(ctx, crd.DeepCopy())
	if !apierrors.IsAlreadyExists(err) {
		return wrap(err, "create", crd.Name)
	}
	current := &apiextensionsv1.CustomResourceDefinition{}
	if err := c.Get(ctx, client.ObjectKeyFromObject(crd), current); err != nil {
		return wrap(err, "read", crd.Name)
	}
	current.Spec = crd.Spec
	return wrap(c.Update(ctx, current), "update", crd.Name)
}

func waitEstablished(ctx context.Context, c client.Client, name string) error {
	err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
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
	return wrap(err, "wait for", name)
}

func wrap(err error, verb, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s CRD %s: %w", verb, name, err)
}
