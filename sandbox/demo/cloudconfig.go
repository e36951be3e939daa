package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// cloudConfig is where Harvester's cloud provider and storage driver find, in the guest, how to reach Harvester.
var cloudConfig = client.ObjectKey{Namespace: "kube-system", Name: "harvester-cloud-config"}

const cloudConfigKey = "cloud-provider-config"

// checkCloudConfig waits for that Secret in the guest and uses it as the cloud provider does: it must find the cluster's
// VMs, and must not be able to delete one.
func (d *demo) checkCloudConfig(ctx context.Context) error {
	guest, err := d.clients.guest(ctx, d.cluster())
	if err != nil {
		return err
	}
	secret := &corev1.Secret{}
	err = await(ctx, func(ctx context.Context) (string, error) {
		err := guest.Get(ctx, cloudConfig, secret)
		if apierrors.IsNotFound(err) {
			return "Secret " + cloudConfig.String() + " in the guest", nil
		}
		return "", err
	})
	if err != nil {
		return fmt.Errorf("the cloud provider's configuration: %w", err)
	}
	host, err := d.useCloudConfig(ctx, secret.Data[cloudConfigKey])
	if err != nil {
		return fmt.Errorf("the cloud provider's configuration: %w", err)
	}
	d.line.Event("the guest's cloud provider has its credentials: at %s it finds its VMs, and may not delete them", host)
	return nil
}

func (d *demo) useCloudConfig(ctx context.Context, kubeconfig []byte) (host string, err error) {
	raw, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return "", err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return "", err
	}
	asProvider, err := client.New(config, client.Options{Scheme: simulator.NewScheme()})
	if err != nil {
		return "", err
	}
	namespace := raw.Contexts[raw.CurrentContext].Namespace
	vms := &kubevirtv1.VirtualMachineList{}
	if err := asProvider.List(ctx, vms, client.InNamespace(namespace)); err != nil {
		return "", err
	}
	var missing []error
	for _, m := range d.seen.machines {
		if !slices.ContainsFunc(vms.Items, func(vm kubevirtv1.VirtualMachine) bool { return vm.Name == m.vm }) {
			missing = append(missing, fmt.Errorf("it does not see VM %s/%s", namespace, m.vm))
		}
	}
	if len(vms.Items) > 0 {
		err := asProvider.Delete(ctx, &vms.Items[0], client.DryRunAll)
		if !apierrors.IsForbidden(err) {
			missing = append(missing, errors.Join(errors.New("deleting a VM is not forbidden to it"), err))
		}
	}
	return config.Host, errors.Join(missing...)
}
