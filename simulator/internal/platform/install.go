// Package platform holds what a Harvester cluster is made of beside its controllers: namespaces, hosts, settings, the
// management address, roles, and the small controllers that validate key pairs and label networks.
//
// Objects describes a cluster as values; Install writes them.
package platform

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// Install creates the objects that do not exist yet. What somebody changed meanwhile is left as it is, except the
// version, the management address and the provider's role, which follow the description.
func Install(ctx context.Context, c client.Client, description Description) error {
	objects, err := Objects(description)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := install(ctx, c, object); err != nil {
			return fmt.Errorf("install %T %s: %w", object, client.ObjectKeyFromObject(object), err)
		}
	}
	return nil
}

func install(ctx context.Context, c client.Client, object client.Object) error {
	status := object.DeepCopyObject()
	err := c.Create(ctx, object)
	if apierrors.IsAlreadyExists(err) {
		return refresh(ctx, c, object)
	}
	if err != nil {
		return err
	}
	if node, ok := status.(*corev1.Node); ok {
		// A created node comes without status.
		created := object.(*corev1.Node)
		created.Status = node.Status
		return c.Status().Update(ctx, created)
	}
	return nil
}

// refresh overwrites what must follow the description.
func refresh(ctx context.Context, c client.Client, object client.Object) error {
	current, ok := object.DeepCopyObject().(client.Object)
	if !ok || !follows(object) {
		return nil
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(object), current); err != nil {
		return err
	}
	object.SetResourceVersion(current.GetResourceVersion())
	return c.Update(ctx, object)
}

func follows(object client.Object) bool {
	switch typed := object.(type) {
	case *hciv1.Setting:
		return typed.Name == hciv1.SettingServerVersion
	case *corev1.ConfigMap, *rbacv1.ClusterRole:
		return true
	}
	return object.GetObjectKind().GroupVersionKind().Kind == "ClusterRole"
}
