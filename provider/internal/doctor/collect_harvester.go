package doctor

import (
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// mostAtOnce is how many VMs are asked for at the same time.
const mostAtOnce = 8

// fromHarvester reads the VMs of machines that are not ready and the pools, with the identity of the cluster, if the caller
// may read its Secret.
func (c *collector) fromHarvester(ctx context.Context) {
	infra := c.snapshot.Infra
	if infra == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	key := types.NamespacedName{Namespace: infra.Spec.IdentitySecret.Namespace, Name: infra.Spec.IdentitySecret.Name}
	harvester, err := c.connect(ctx, key, infrav1.IdentitySecretKey)
	if err != nil {
		c.lack(planeHarvester, "connect with identity Secret "+key.String(), err)
		return
	}
	limit := make(chan struct{}, mostAtOnce)
	reads := []func(){func() { c.readPools(ctx, harvester) }}
	for i := range c.snapshot.Machines {
		if machine := &c.snapshot.Machines[i]; machine.Infra != nil && !meta.IsStatusConditionTrue(machine.Infra.Status.Conditions, infrav1.ReadyCondition) {
			reads = append(reads, func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				c.readVM(ctx, harvester, machine)
			})
		}
	}
	together(reads...)
}

// connect reads a Secret of the management cluster and makes a client of the kubeconfig in it. It makes no request to the
// server that the kubeconfig names.
func (c *collector) connect(ctx context.Context, key types.NamespacedName, field string) (client.Reader, error) {
	secret := &corev1.Secret{}
	if err := c.management.Get(ctx, key, secret); err != nil {
		return nil, err
	}
	kubeconfig := secret.Data[field]
	c.mu.Lock()
	c.secrets.add(kubeconfig)
	c.mu.Unlock()
	config, err := harvesterclient.RESTConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = c.timeout
	return newReader(config, harvesterclient.NewScheme())
}

// readVM reads the VM of a machine and its instance.
func (c *collector) readVM(ctx context.Context, harvester client.Reader, machine *Machine) {
	name, err := names.VM(machine.Infra.Name)
	if err != nil {
		return // No VM can have such a name; the machine's condition says so.
	}
	key := types.NamespacedName{Namespace: c.snapshot.Infra.Spec.TargetNamespace, Name: name}
	vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
	switch err := harvester.Get(ctx, key, vm); {
	case apierrors.IsNotFound(err):
		machine.VMGone = namesObject(err)
		return
	case err != nil:
		c.lack(planeHarvester, "get VirtualMachine "+key.String(), err)
		return
	}
	machine.VM = vm
	switch err := harvester.Get(ctx, key, vmi); {
	case err == nil:
		machine.VMI = vmi
	case !apierrors.IsNotFound(err):
		c.lack(planeHarvester, "get VirtualMachineInstance "+key.String(), err)
	}
}

// namesObject tells whether a server says of an object that it does not exist, and not of the whole path: a server that is no
// Harvester knows nothing of VMs.
func namesObject(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Details != nil && status.Status().Details.Name != ""
}

// readPools reads those pools that the cluster or a machine of it names.
func (c *collector) readPools(ctx context.Context, harvester client.Reader) {
	for _, name := range c.poolNames() {
		pool := &lbv1.IPPool{}
		switch err := harvester.Get(ctx, types.NamespacedName{Name: name}, pool); {
		case err == nil:
			c.snapshot.Pools = append(c.snapshot.Pools, *pool)
		case !apierrors.IsNotFound(err): // The conditions say of a missing one.
			c.lack(planeHarvester, "get IPPool "+name, err)
		}
	}
}

func (c *collector) poolNames() []string {
	var all []string
	if config := c.snapshot.Infra.Spec.VMNetworkConfig; config != nil {
		all = append(append(all, config.IPPoolRef), config.IPPoolRefs...)
	}
	for i := range c.snapshot.Machines {
		if infra := c.snapshot.Machines[i].Infra; infra != nil && infra.Spec.VMNetworkConfig != nil {
			all = append(append(all, infra.Spec.VMNetworkConfig.IPPoolRef), infra.Spec.VMNetworkConfig.IPPoolRefs...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}
