package fleet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// backedUp are the kinds of a fleet's cluster, in the order in which the operations guide applies its dumps: what CAPHV
// owns first, then Clusters and Machines, then the rest.
var backedUp = []schema.GroupVersionKind{
	infrav1.GroupVersion.WithKind("HarvesterCluster"),
	infrav1.GroupVersion.WithKind("HarvesterMachine"),
	clusterv1.GroupVersion.WithKind("Cluster"),
	clusterv1.GroupVersion.WithKind("Machine"),
	clusterv1.GroupVersion.WithKind("MachineSet"),
	clusterv1.GroupVersion.WithKind("MachineDeployment"),
	infrav1.GroupVersion.WithKind("HarvesterMachineTemplate"),
	corev1.SchemeGroupVersion.WithKind("Secret"),
}

// Dump reads a cluster's objects as `kubectl get -o yaml` does: with their owners, finalizers and all.
func (f *Fleet) Dump(ctx context.Context, name string) ([]*unstructured.Unstructured, error) {
	var dump []*unstructured.Unstructured
	for _, kind := range backedUp {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := f.management.List(ctx, list, client.InNamespace(name)); err != nil {
			return nil, fmt.Errorf("dumping the %ss of %s: %w", kind.Kind, name, err)
		}
		for i := range list.Items {
			dump = append(dump, &list.Items[i])
		}
	}
	return dump, nil
}

// Restore applies a dump to a management cluster that lost it, as carelessly as `kubectl apply` does: the API server gives
// new UIDs and drops the status, and owner references keep meaning the old UIDs. prepare may change each object before.
func (f *Fleet) Restore(ctx context.Context, name string, dump []*unstructured.Unstructured, prepare func(*unstructured.Unstructured)) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := f.management.Create(ctx, namespace); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("restoring namespace %s: %w", name, err)
	}
	for _, dumped := range dump {
		object := dumped.DeepCopy()
		object.SetResourceVersion("") // kubectl drops it when it creates
		prepare(object)
		if err := f.management.Create(ctx, object); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("restoring %s %s/%s: %w", object.GetKind(), name, object.GetName(), err)
		}
	}
	return nil
}

// VMs are those of a cluster on Harvester, by name: their UIDs, and whether they are being deleted.
func (f *Fleet) VMs(ctx context.Context, name string) (map[string]string, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "kubevirt.io", Version: "v1", Kind: "VirtualMachineList"})
	err := f.harvester.List(ctx, list, client.InNamespace(targetNamespace), client.MatchingLabels{clusterv1.ClusterNameLabel: name})
	if err != nil {
		return nil, fmt.Errorf("listing the VMs of cluster %s: %w", name, err)
	}
	vms := map[string]string{}
	for i := range list.Items {
		vm := &list.Items[i]
		vms[vm.GetName()] = string(vm.GetUID())
		if vm.GetDeletionTimestamp() != nil {
			vms[vm.GetName()] += ", being deleted"
		}
	}
	return vms, nil
}

// Client reads and writes the management cluster that the fleet was made in.
func (f *Fleet) Client() client.Client { return f.management }
