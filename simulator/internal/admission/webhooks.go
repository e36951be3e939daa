package admission

import (
	"context"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
)

// webhook is one entry of a webhook configuration: everything that one component judges.
type webhook struct {
	// configuration is the object's name, name the entry's; clients see the latter in refusals.
	configuration, name, path string
	mutating                  bool
	// strict makes a mutating webhook one without which there are no writes; validating ones always are.
	strict bool
	rules  []rule
}

// rule is one resource that a webhook judges.
type rule struct {
	group, version, resource string
	// resources is what to register, if more than the resource itself.
	resources  []string
	operations []admissionregistrationv1.OperationType
	// hook judges; nil where KubeVirt's own code does.
	hook hook
}

// Handle passes a request on to the rule for its resource.
func (w webhook) Handle(ctx context.Context, request admission.Request) admission.Response {
	for _, rule := range w.rules {
		if rule.group == request.Resource.Group && rule.resource == request.Resource.Resource {
			return rule.hook.handle(ctx, request)
		}
	}
	return admission.Errored(404, fmt.Errorf("webhook %s does not judge %s", w.name, request.Resource.Resource))
}

var (
	onWrite          = []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}
	onWriteAndDelete = append(onWrite[:2:2], admissionregistrationv1.Delete)
	onCreateDelete   = []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Delete}
)

// webhooks are those of all components.
func webhooks(o Options) []webhook {
	all := []webhook{harvesterValidator(o), balancerValidator(o), networkValidator(o), kubevirtMutator(), kubevirtValidator()}
	if !o.NoMutators {
		all = append(all, harvesterMutator(o), balancerMutator(o))
	}
	return all
}

func harvesterMutator(o Options) webhook {
	vms := &vmMutator{reader: o.known(), quirks: o.Quirks, macs: newMACSource(o.Seed)}
	return webhook{configuration: "harvester-mutator", name: "mutator.harvesterhci.io", path: "/v1/webhook/mutation", mutating: true, rules: []rule{
		{group: kubevirtv1.GroupVersion.Group, version: "v1", resource: "virtualmachines", operations: onWrite,
			hook: mutator[*kubevirtv1.VirtualMachine]{empty: newVM, mutate: vms.mutate}},
		{group: hciv1.GroupVersion.Group, version: hciv1.GroupVersion.Version, resource: "virtualmachineimages", operations: onWrite,
			hook: mutator[*hciv1.VirtualMachineImage]{empty: newImage, mutate: imageRules{o.Live}.mutate}},
	}}
}

func harvesterValidator(o Options) webhook {
	vms := &vmValidator{cache: o.Cache, known: o.known(), quirks: o.Quirks}
	images, volumes := imageRules{o.Live}, claimRules{cache: o.Cache, live: o.Live}
	return webhook{configuration: "harvester-validator", name: "validator.harvesterhci.io", path: "/v1/webhook/validation", rules: []rule{
		{group: kubevirtv1.GroupVersion.Group, version: "v1", resource: "virtualmachines", resources: []string{"virtualmachines", "virtualmachines/status"}, operations: onWrite,
			hook: validator[*kubevirtv1.VirtualMachine]{empty: newVM, create: vms.create, update: vms.update}},
		{group: hciv1.GroupVersion.Group, version: hciv1.GroupVersion.Version, resource: "virtualmachineimages", operations: onWrite,
			hook: validator[*hciv1.VirtualMachineImage]{empty: newImage, create: images.create, update: images.update}},
		{group: hciv1.GroupVersion.Group, version: hciv1.GroupVersion.Version, resource: "keypairs", operations: onWrite,
			hook: validator[*hciv1.KeyPair]{empty: func() *hciv1.KeyPair { return &hciv1.KeyPair{} }, create: checkKeyPair, update: checkKeyPair}},
		{version: "v1", resource: "persistentvolumeclaims", operations: onCreateDelete,
			hook: validator[*corev1.PersistentVolumeClaim]{empty: func() *corev1.PersistentVolumeClaim { return &corev1.PersistentVolumeClaim{} }, create: volumes.create, remove: volumes.remove}},
	}}
}

// balancerConfiguration names both configuration objects of the load balancer's webhook.
const balancerConfiguration = "harvester-load-balancer-webhook"

func balancerMutator(o Options) webhook {
	pools, balancers := poolRules{o.Live}, balancerRules{reader: o.Live, quirks: o.Quirks}
	return webhook{configuration: balancerConfiguration, name: "mutator.harvester-system." + balancerConfiguration, path: "/v1/loadbalancer/mutation", mutating: true, rules: []rule{
		{group: lbv1.GroupVersion.Group, version: lbv1.GroupVersion.Version, resource: "ippools", operations: onWrite,
			hook: mutator[*lbv1.IPPool]{empty: newPool, mutate: pools.mutate}},
		{group: lbv1.GroupVersion.Group, version: lbv1.GroupVersion.Version, resource: "loadbalancers", operations: onWrite,
			hook: mutator[*lbv1.LoadBalancer]{empty: newBalancer, mutate: balancers.mutate}},
	}}
}

func balancerValidator(o Options) webhook {
	pools, balancers := poolRules{o.Live}, balancerRules{reader: o.Live, quirks: o.Quirks}
	return webhook{configuration: balancerConfiguration, name: "validator.harvester-system." + balancerConfiguration, path: "/v1/loadbalancer/validation", rules: []rule{
		{group: lbv1.GroupVersion.Group, version: lbv1.GroupVersion.Version, resource: "ippools", operations: onWriteAndDelete,
			hook: validator[*lbv1.IPPool]{empty: newPool, create: pools.create, update: pools.update, remove: pools.remove}},
		{group: lbv1.GroupVersion.Group, version: lbv1.GroupVersion.Version, resource: "loadbalancers", operations: onWrite,
			hook: validator[*lbv1.LoadBalancer]{empty: newBalancer, create: balancers.create, update: balancers.update}},
	}}
}

func networkValidator(o Options) webhook {
	networks := networkRules{o.Live}
	const configuration = "harvester-network-webhook"
	return webhook{configuration: configuration, name: "validator.harvester-system." + configuration, path: "/v1/network/validation", rules: []rule{
		{group: nadv1.GroupVersion.Group, version: nadv1.GroupVersion.Version, resource: nadv1.Resource.Resource, operations: onWriteAndDelete,
			hook: validator[*nadv1.NetworkAttachmentDefinition]{empty: newNetwork, create: networks.create, update: networks.update, remove: networks.remove}},
	}}
}

// kubevirtMutator and kubevirtValidator are virt-api's webhooks for virtual machines, as virt-operator registers them.
func kubevirtMutator() webhook {
	return webhook{configuration: "virt-api-mutator", name: "virtualmachines-mutator.kubevirt.io", path: virtapi.MutateVM, mutating: true, strict: true, rules: kubevirtRules()}
}

func kubevirtValidator() webhook {
	return webhook{configuration: "virt-api-validator", name: "virtualmachine-validator.kubevirt.io", path: virtapi.ValidateVM, rules: kubevirtRules()}
}

func kubevirtRules() []rule {
	return []rule{{group: kubevirtv1.GroupVersion.Group, version: "v1", resource: "virtualmachines", operations: onWrite}}
}

func newVM() *kubevirtv1.VirtualMachine              { return &kubevirtv1.VirtualMachine{} }
func newImage() *hciv1.VirtualMachineImage           { return &hciv1.VirtualMachineImage{} }
func newPool() *lbv1.IPPool                          { return &lbv1.IPPool{} }
func newBalancer() *lbv1.LoadBalancer                { return &lbv1.LoadBalancer{} }
func newNetwork() *nadv1.NetworkAttachmentDefinition { return &nadv1.NetworkAttachmentDefinition{} }
