package simulator_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/balancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// newBalancer is a load balancer for machines labelled role=test, as the provider writes one.
func newBalancer(namespace, name, pool string) *lbv1.LoadBalancer {
	return &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: lbv1.LoadBalancerSpec{
			WorkloadType: lbv1.VM, IPAM: lbv1.Pool, IPPool: pool,
			Listeners:             []lbv1.Listener{{Name: "api", Port: 6443, Protocol: corev1.ProtocolTCP, BackendPort: 6443}},
			BackendServerSelector: map[string][]string{"role": {"test"}},
		},
	}
}

func hasAllocation(lb *lbv1.LoadBalancer) error {
	return accept(lb.Status.AllocatedAddress.IP != "", "no address is allocated: %s", readyMessage(lb))
}

func hasAddress(lb *lbv1.LoadBalancer) error {
	return accept(lb.Status.Address != "", "no address: %s", readyMessage(lb))
}

func readyMessage(lb *lbv1.LoadBalancer) string {
	for _, condition := range lb.Status.Conditions {
		if condition.Type == lbv1.LoadBalancerReady {
			return condition.Message
		}
	}
	return ""
}

// Section 9, LoadBalancer, line 1.
func TestLoadBalancerGetsItsAddressInStepsWithoutAnyVM(t *testing.T) {
	c, err := client.NewWithWatch(shared.stand.Admin(), client.Options{Scheme: simulator.NewScheme()})
	require.NoError(t, err)
	space := namespace(t, c)
	object := plant(t, c, newPool("steps"))
	changes, err := c.Watch(t.Context(), &lbv1.LoadBalancerList{}, client.InNamespace(space))
	require.NoError(t, err)
	defer changes.Stop()
	services, err := c.Watch(t.Context(), &corev1.ServiceList{}, client.InNamespace(space))
	require.NoError(t, err)
	defer services.Stop()

	lb := newBalancer(space, "api", object.Name)
	require.NoError(t, c.Create(t.Context(), lb))
	lb = get(t, c, client.ObjectKeyFromObject(lb), lb, func(lb *lbv1.LoadBalancer) error {
		return accept(readyMessage(lb) == "no running backend servers", "%+v", lb.Status)
	})
	assert.Equal(t, lb.Status.AllocatedAddress.IP, lb.Status.Address)
	assert.Equal(t, object.Name, lb.Status.AllocatedAddress.IPPool)
	assert.Equal(t, "255.255.255.0", lb.Status.AllocatedAddress.Mask)
	assert.False(t, kit.IsTrue(lb.Status.Conditions, lbv1.LoadBalancerReady))
	assert.Equal(t, space, lb.Annotations[balancer.NamespaceAnnotation])
	assert.Contains(t, lb.Finalizers, balancer.Finalizer)

	// The allocated address is known before the announced one, and the Service is made before it has an address.
	var allocatedFirst, serviceWithout bool
	for !allocatedFirst || !serviceWithout {
		select {
		case event := <-changes.ResultChan():
			seen, ok := event.Object.(*lbv1.LoadBalancer)
			allocatedFirst = allocatedFirst || ok && seen.Status.AllocatedAddress.IP != "" && seen.Status.Address == "" && readyMessage(seen) == "service is waiting for external IP"
		case event := <-services.ResultChan():
			seen, ok := event.Object.(*corev1.Service)
			serviceWithout = serviceWithout || ok && event.Type == watch.Added && seen.Spec.LoadBalancerIP == ""
		case <-time.After(time.Minute):
			t.Fatalf("allocated first: %t, Service without address first: %t", allocatedFirst, serviceWithout)
		}
	}
	service := &corev1.Service{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(lb), service))
	assert.Equal(t, lb.Status.Address, service.Spec.LoadBalancerIP)
	assert.Equal(t, lb.UID, service.OwnerReferences[0].UID)

	require.NoError(t, c.Delete(t.Context(), lb))
	gone(t, c, lb)
	gone(t, c, service)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	assert.Empty(t, object.Status.Allocated, "the address was released")
	eventually(t, func() error {
		_, there := shared.path.of(space + "/api")
		return accept(!there, "the data path still listens")
	})
}

// Section 9, LoadBalancer, line 2.
func TestLoadBalancerFollowsItsBackends(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("followed"))
	lb := newBalancer(space, "api", object.Name)
	require.NoError(t, c.Create(t.Context(), lb))
	key := client.ObjectKeyFromObject(lb)
	slice := get(t, c, key, &discoveryv1.EndpointSlice{}, func(slice *discoveryv1.EndpointSlice) error {
		return accept(len(slice.Endpoints) == 1, "endpoints: %v", slice.Endpoints)
	})
	assert.Equal(t, balancer.DummyAddress, slice.Endpoints[0].Addresses[0])
	assert.Equal(t, balancer.DummyUID, string(slice.Endpoints[0].TargetRef.UID))

	first := waitAddress(t, c, launch(t, c, space, "one"))
	lb = get(t, c, key, lb, func(lb *lbv1.LoadBalancer) error {
		return accept(kit.IsTrue(lb.Status.Conditions, lbv1.LoadBalancerReady), "not ready: %s", readyMessage(lb))
	})
	assert.Equal(t, []string{first.Status.Interfaces[0].IP}, lb.Status.BackendServers)
	get(t, c, key, slice, func(slice *discoveryv1.EndpointSlice) error {
		return accept(len(slice.Endpoints) == 1 && slice.Endpoints[0].TargetRef.UID == first.UID && *slice.Endpoints[0].Conditions.Ready, "endpoints: %v", slice.Endpoints)
	})
	eventually(t, func() error {
		path, ok := shared.path.of(space + "/api")
		backend := net.JoinHostPort(first.Status.Interfaces[0].IP, strconv.Itoa(6443))
		return accept(ok && path.vip.String() == lb.Status.Address && len(path.listeners) == 1 && len(path.listeners[0].Backends) == 1 && path.listeners[0].Backends[0] == backend, "data path: %+v", path)
	})

	second := launch(t, c, space, "two")
	get(t, c, key, lb, func(lb *lbv1.LoadBalancer) error {
		return accept(len(lb.Status.BackendServers) == 2, "backends: %v", lb.Status.BackendServers)
	})
	for _, vm := range []client.Object{second, &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "one"}}} {
		require.NoError(t, c.Delete(t.Context(), vm))
	}
	get(t, c, key, lb, func(lb *lbv1.LoadBalancer) error {
		return accept(len(lb.Status.BackendServers) == 0 && readyMessage(lb) == "no running backend servers" && lb.Status.Address != "", "%+v", lb.Status)
	})
}

// Section 9, LoadBalancer, line 2: 1.8 tells apart machines that have no address yet.
func TestLoadBalancerTellsMachinesWithoutAddress(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("silent"))
	shared.stand.VMs().WithoutAddress(client.ObjectKey{Namespace: space, Name: "one"}, true)
	require.NoError(t, c.Create(t.Context(), cloudInit(space, "one", "")))
	require.NoError(t, c.Create(t.Context(), newVM(t, c, space, "one")))
	lb := newBalancer(space, "api", object.Name)
	require.NoError(t, c.Create(t.Context(), lb))
	get(t, c, client.ObjectKeyFromObject(lb), lb, func(lb *lbv1.LoadBalancer) error {
		return accept(readyMessage(lb) == "running backend servers have no IP", "%s", readyMessage(lb))
	})
}

// Section 9, LoadBalancer, line 3.
func TestLoadBalancerWithoutPoolNeverGetsAnAddress(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	unmatched, unknown := newBalancer(space, "unmatched", ""), newBalancer(space, "unknown", "no-such-pool")
	for lb, says := range map[*lbv1.LoadBalancer]string{unmatched: "no matched IPPool with requirement", unknown: "fail to get allocator no-such-pool"} {
		require.NoError(t, c.Create(t.Context(), lb))
		get(t, c, client.ObjectKeyFromObject(lb), lb, func(lb *lbv1.LoadBalancer) error {
			return accept(readyMessage(lb) != "", "no verdict yet")
		})
		assert.Contains(t, readyMessage(lb), says)
		assert.Empty(t, lb.Status.Address)
	}
	scoped := newPool("scoped")
	scoped.Spec.Selector = lbv1.Selector{Priority: 7, Scope: []lbv1.Tuple{{Project: "*", Namespace: space, GuestCluster: "*"}}}
	plant(t, c, scoped)
	get(t, c, client.ObjectKeyFromObject(unmatched), unmatched, hasAddress)
	assert.Equal(t, "scoped", unmatched.Status.AllocatedAddress.IPPool, "it goes on trying")
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(unknown), unknown))
	assert.Contains(t, readyMessage(unknown), "fail to get allocator no-such-pool")
	assert.Equal(t, lbv1.AllocatedAddress{}, unknown.Status.AllocatedAddress, "the name of a pool counts, not what would fit")
	assert.Empty(t, unknown.Status.Address)
}

// Section 9, LoadBalancer, line 4.
func TestLoadBalancerWithIPAMUnsetLeaksItsAddress(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("leaky"))
	lb := newBalancer(space, "api", object.Name)
	lb.Spec.IPAM = ""
	require.NoError(t, c.Create(t.Context(), lb))
	lb = get(t, c, client.ObjectKeyFromObject(lb), lb, hasAddress)
	address := lb.Status.Address
	require.NoError(t, c.Delete(t.Context(), lb))
	gone(t, c, lb)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	assert.Equal(t, map[string]string{address: space + "/api"}, object.Status.Allocated)
}

// Section 9, LoadBalancer, line 4.
func TestLoadBalancerAdoptsAnExistingServiceWithoutOwningIt(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("adopting"))
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "api"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 1}}},
	}
	require.NoError(t, c.Create(t.Context(), service))
	lb := newBalancer(space, "api", object.Name)
	require.NoError(t, c.Create(t.Context(), lb))
	get(t, c, client.ObjectKeyFromObject(lb), lb, hasAddress)
	owning := newBalancer(space, "owning", object.Name)
	require.NoError(t, c.Create(t.Context(), owning))
	get(t, c, client.ObjectKeyFromObject(owning), owning, hasAddress)
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(service), service))
	assert.Equal(t, int32(6443), service.Spec.Ports[0].Port)
	assert.Empty(t, service.OwnerReferences)
	assert.NotContains(t, service.Labels, balancer.ServiceLabel)
	require.NoError(t, c.Delete(t.Context(), lb))
	gone(t, c, lb)
	// Whoever deletes Services has had their turn when that of a load balancer deleted later is gone.
	require.NoError(t, c.Delete(t.Context(), owning))
	gone(t, c, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "owning"}})
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(service), service), "nobody deletes it")
}

// Section 9, LoadBalancer, line 5.
func TestLoadBalancerAdmission(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	refused := func(err error, says string) {
		t.Helper()
		require.ErrorContains(t, err, says)
		assert.True(t, apierrors.IsInternalError(err), "%v", err)
	}
	none := newBalancer(space, "none", "capi-lb-pool")
	none.Spec.Listeners = nil
	refused(c.Create(t.Context(), none), "at least one listener")
	twice := newBalancer(space, "twice", "capi-lb-pool")
	twice.Spec.Listeners = append(twice.Spec.Listeners, lbv1.Listener{Name: "b", Port: 443, Protocol: corev1.ProtocolTCP, BackendPort: 6443})
	refused(c.Create(t.Context(), twice), "duplicate backend port")

	lb := newBalancer(space, "probed", "capi-lb-pool")
	lb.Spec.HealthCheck = &lbv1.HealthCheck{Port: 6443}
	require.NoError(t, c.Create(t.Context(), lb))
	assert.Equal(t, &lbv1.HealthCheck{Port: 6443, SuccessThreshold: 2, FailureThreshold: 2, PeriodSeconds: 1, TimeoutSeconds: 1}, lb.Spec.HealthCheck)
	refused(attempt(t, c, lb, func(lb *lbv1.LoadBalancer) { lb.Spec.IPAM = lbv1.DHCP }), "can't change the IPAM")
	refused(attempt(t, c, lb, func(lb *lbv1.LoadBalancer) { lb.Spec.WorkloadType = lbv1.Cluster }), "can't change the WorkloadType")

	guest := newBalancer(space, "guest", "")
	guest.Spec.WorkloadType, guest.Spec.Listeners = lbv1.Cluster, nil
	guest.Labels = map[string]string{kit.GuestBalancerLabel: "guest"}
	guest.Annotations = map[string]string{balancer.ClusterAnnotation: "one"}
	refused(c.Create(t.Context(), guest), "it has no running vm")
	launch(t, c, space, "one")
	require.NoError(t, c.Create(t.Context(), guest))
	assert.Equal(t, "default/production", guest.Annotations[balancer.NetworkAnnotation], "found by the machine's name")
	change(t, c, &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: "one"}}, func(vm *kubevirtv1.VirtualMachine) {
		metav1.SetMetaDataAnnotation(&vm.ObjectMeta, kit.RemoveAllAnnotation, "true")
	})
	late := guest.DeepCopy()
	late.ObjectMeta = metav1.ObjectMeta{Namespace: space, Name: "late", Labels: guest.Labels}
	refused(c.Create(t.Context(), late), "is being removed")
}

// Section 9, LoadBalancer, line 5 (and 2.5 of the facts): removing a guest cluster's machines removes its load balancers.
func TestGuestLoadBalancersGoWithTheirMachines(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	vm := launch(t, c, space, "one")
	guest := newBalancer(space, "guest", "capi-lb-pool")
	guest.Spec.WorkloadType, guest.Spec.Listeners = lbv1.Cluster, nil
	guest.Labels = map[string]string{kit.GuestBalancerLabel: "guest"}
	require.NoError(t, c.Create(t.Context(), guest))
	get(t, c, client.ObjectKeyFromObject(guest), guest, func(lb *lbv1.LoadBalancer) error {
		return accept(kit.IsTrue(lb.Status.Conditions, lbv1.LoadBalancerReady), "a guest cluster's is ready with its allocation: %s", readyMessage(lb))
	})
	change(t, c, vm, func(vm *kubevirtv1.VirtualMachine) {
		metav1.SetMetaDataAnnotation(&vm.ObjectMeta, kit.RemoveAllAnnotation, "true")
	})
	require.NoError(t, c.Delete(t.Context(), vm))
	gone(t, c, guest)
}

// Section 9, LoadBalancer, line 6.
func TestLoadBalancerByDHCP(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	var addresses []string
	for i := range 2 {
		lb := newBalancer(space, fmt.Sprintf("api-%d", i), "")
		lb.Spec.IPAM = lbv1.DHCP
		require.NoError(t, c.Create(t.Context(), lb))
		lb = get(t, c, client.ObjectKeyFromObject(lb), lb, hasAddress)
		assert.Equal(t, lbv1.AllocatedAddress{IP: lbv1.DHCPPlaceholder}, lb.Status.AllocatedAddress)
		assert.Regexp(t, `^127\.61\.0\.`, lb.Status.Address)
		service := &corev1.Service{}
		require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(lb), service))
		assert.Equal(t, lbv1.DHCPPlaceholder, service.Spec.LoadBalancerIP)
		addresses = append(addresses, lb.Status.Address)
	}
	assert.NotEqual(t, addresses[0], addresses[1])
}

// Section 9, LoadBalancer (2.3 of the facts): backends that do not answer the probe are no backends.
func TestLoadBalancerProbesItsBackends(t *testing.T) {
	c := admin(t, shared.stand)
	space := namespace(t, c)
	object := plant(t, c, newPool("probed"))
	lb := newBalancer(space, "api", object.Name)
	lb.Spec.HealthCheck = &lbv1.HealthCheck{Port: 6443, SuccessThreshold: 1, FailureThreshold: 1, PeriodSeconds: 1, TimeoutSeconds: 1}
	require.NoError(t, c.Create(t.Context(), lb))
	vmi := waitAddress(t, c, launch(t, c, space, "one"))
	key := client.ObjectKeyFromObject(lb)
	get(t, c, key, lb, func(lb *lbv1.LoadBalancer) error {
		return accept(readyMessage(lb) == "running backend servers are not probed as healthy total:1, healthy:0", "%s", readyMessage(lb))
	})
	listener, err := net.Listen("tcp", net.JoinHostPort(vmi.Status.Interfaces[0].IP, "6443"))
	require.NoError(t, err)
	defer listener.Close()
	get(t, c, key, lb, func(lb *lbv1.LoadBalancer) error {
		return accept(kit.IsTrue(lb.Status.Conditions, lbv1.LoadBalancerReady), "%s", readyMessage(lb))
	})
}
