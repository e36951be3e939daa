package demo

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
)

// takeHeyday counts what the complete cluster has on Harvester.
func (d *demo) takeHeyday(ctx context.Context) error {
	now, err := inventory.Take(ctx, d.sandbox)
	if err != nil {
		return err
	}
	d.heyday = inventory.Leftovers(d.inventory, now)
	return checkHeyday(d.heyday, d.options.ControlPlanes, d.options.ControlPlanes+d.options.Workers+1)
}

// remove deletes the cluster and then its namespace, and waits until both are
// gone.
func (d *demo) remove(ctx context.Context) error {
	if err := d.takeHeyday(ctx); err != nil {
		return err
	}
	cluster := &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: d.options.Namespace, Name: d.options.Name}}
	if err := d.clients.management.Delete(ctx, cluster); err != nil {
		return fmt.Errorf("deleting the cluster: %w", err)
	}
	d.line.Event("kubectl delete cluster %s", d.options.Name)
	err := await(ctx, func(ctx context.Context) (string, error) {
		if err := d.look(ctx); err != nil {
			return "", err
		}
		if d.isGone(ctx, cluster) {
			return "", nil
		}
		return fmt.Sprintf("the end of the cluster, which has %d machines", len(d.seen.machines)), nil
	})
	if err != nil {
		return err
	}
	d.line.Event("cluster %s is gone", d.options.Name)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.options.Namespace}}
	if err := d.clients.management.Delete(ctx, namespace); err != nil {
		return fmt.Errorf("deleting the namespace: %w", err)
	}
	err = await(ctx, func(ctx context.Context) (string, error) {
		if d.isGone(ctx, namespace) {
			return "", nil
		}
		return "the end of namespace " + namespace.Name, nil
	})
	if err != nil {
		return err
	}
	d.line.Event("namespace %s is gone", d.options.Namespace)
	return nil
}

// isGone tells whether an object is known not to exist.
func (d *demo) isGone(ctx context.Context, object client.Object) bool {
	return apierrors.IsNotFound(d.clients.management.Get(ctx, client.ObjectKeyFromObject(object), object))
}
