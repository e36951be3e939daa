package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/pool"
)

// Sections 7 and 9 of the facts: what came with later releases is not there in 1.4, wherever it is decided.
func TestOlderReleasesLackWhatCameLater(t *testing.T) {
	c := admin(t, own(t, simulator.Options{Version: "v1.4.4"}))
	for name, test := range map[string]func(*testing.T, client.Client){
		"a MAC address is kept in an annotation, and not in the spec":   macsStayOutOfTheSpec,
		"machines may share a MAC address and change a storage class":   machinesAreNotJudgedAsLater,
		"a guest's load balancer needs no machines, and no dummy":       balancersNeedNoMachines,
		"an annotation that releases an address means nothing to pools": poolsKnowNoManualRelease,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

func macsStayOutOfTheSpec(t *testing.T, c client.Client) {
	t.Helper()
	vm := launch(t, c, namespace(t, c), "one")
	given := waitAddress(t, c, vm).Status.Interfaces[0].MAC
	get(t, c, client.ObjectKeyFromObject(vm), vm, func(vm *kubevirtv1.VirtualMachine) error {
		return accept(vm.Annotations[kit.MACAnnotation] == `{"nic-0":"`+given+`"}`, "annotations: %v", vm.Annotations)
	})
	domain := vm.Spec.Template.Spec.Domain
	assert.Empty(t, domain.Devices.Interfaces[0].MacAddress)
	assert.Zero(t, domain.CPU.MaxSockets)
	assert.Equal(t, "200m", domain.Resources.Requests.Cpu().String(), "the mutator is there")
}

func machinesAreNotJudgedAsLater(t *testing.T, c client.Client) {
	t.Helper()
	space := namespace(t, c)
	var last *kubevirtv1.VirtualMachine
	for _, name := range []string{"one", "two"} {
		last = newVM(t, c, space, name)
		last.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyHalted)
		last.Spec.Template.Spec.Domain.Devices.Interfaces[0].MacAddress = "02:00:00:00:00:77"
		require.NoError(t, c.Create(t.Context(), last))
	}
	change(t, c, last, func(vm *kubevirtv1.VirtualMachine) {
		vm.Annotations["harvesterhci.io/volumeClaimTemplates"] = claimTemplate("two-disk-0", "another-class", "default/image-sles15")
	})
}

func balancersNeedNoMachines(t *testing.T, c client.Client) {
	t.Helper()
	space := namespace(t, c)
	guest := newBalancer(space, "guest", "capi-lb-pool")
	guest.Spec.WorkloadType, guest.Spec.Listeners = lbv1.Cluster, nil
	guest.Labels = map[string]string{kit.GuestBalancerLabel: "guest"}
	require.NoError(t, c.Create(t.Context(), guest))

	lb := newBalancer(space, "api", "capi-lb-pool")
	require.NoError(t, c.Create(t.Context(), lb))
	get(t, c, client.ObjectKeyFromObject(lb), lb, hasAddress)
	get(t, c, client.ObjectKeyFromObject(lb), &discoveryv1.EndpointSlice{}, func(slice *discoveryv1.EndpointSlice) error {
		return accept(len(slice.Endpoints) == 0, "endpoints: %v", slice.Endpoints)
	})
}

func poolsKnowNoManualRelease(t *testing.T, c client.Client) {
	t.Helper()
	object := plant(t, c, newPool("unreleased"))
	ranges, err := iprange.ParseAll(object.Spec.Ranges)
	require.NoError(t, err)
	leaked := ranges[0].End
	change(t, c, object, func(object *lbv1.IPPool) {
		pool.Reserve(object, leaked, "default/leaked")
		metav1.SetMetaDataAnnotation(&object.ObjectMeta, lbv1.IPPoolManualReleaseAnnotation, leaked.String()+": default/leaked")
	})
	plant(t, c, newPool("unreleased-later")) // the controller has seen the annotation when it has counted what came after it
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	assert.Equal(t, "default/leaked", object.Status.Allocated[leaked.String()])
	assert.Contains(t, object.Annotations, lbv1.IPPoolManualReleaseAnnotation)
}
