package harvestertypes

import (
	"context"
	"reflect"
	"strings"
	"testing"

	lbclient "github.com/harvester/harvester-load-balancer/pkg/generated/clientset/versioned/typed/loadbalancer.harvesterhci.io/v1beta1"
	upstreamhci "github.com/harvester/harvester/pkg/apis/harvesterhci.io/v1beta1"
	nadclient "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/client/clientset/versioned/typed/k8s.cni.cncf.io/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/gentype"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/client-go/kubevirt"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// typed is what the tests need of a typed client, whatever its kind.
type typed[T any] interface {
	Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, options metav1.UpdateOptions) (T, error)
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
}

// A real kube-apiserver with upstream's definitions takes every field that we write, drops none (an unknown field is an
// error), and upstream's typed client reads the same. What that client writes, we read the same. The objects have every
// field set, status included: none of these kinds has a status subresource.
func TestUpstreamsClientsReadWhatWeWriteAndWeReadTheirs(t *testing.T) {
	balancers, err := lbclient.NewForConfig(upstream)
	require.NoError(t, err)
	networks, err := nadclient.NewForConfig(upstream)
	require.NoError(t, err)
	conditions := []lbv1.Condition{{Type: "Ready", Status: corev1.ConditionTrue, LastUpdateTime: "2026-01-01T00:00:00Z", LastTransitionTime: "2026-01-01T00:00:00Z", Reason: "Done", Message: "all is well"}}
	hciConditions := []hciv1.Condition{hciv1.Condition(conditions[0])}

	bothWays(t, &lbv1.IPPool{
		Spec: lbv1.IPPoolSpec{
			Description: "for guests",
			Ranges:      []lbv1.Range{{Subnet: "10.0.0.0/24", RangeStart: "10.0.0.10", RangeEnd: "10.0.0.20", Gateway: "10.0.0.1"}},
			Selector:    lbv1.Selector{Priority: 3, Network: "default/n", Scope: []lbv1.Tuple{{Project: "*", Namespace: "vms", GuestCluster: "g"}}},
		},
		Status: lbv1.IPPoolStatus{
			Total: 11, Available: 10, LastAllocated: "10.0.0.10", Allocated: map[string]string{"10.0.0.10": "vms/a"},
			AllocatedHistory: map[string]string{"10.0.0.11": "vms/b"}, Conditions: conditions,
		},
	}, balancers.IPPools())
	bothWays(t, &lbv1.LoadBalancer{
		Spec: lbv1.LoadBalancerSpec{
			Description: "API", WorkloadType: lbv1.VM, IPAM: lbv1.Pool, IPPool: "p",
			Listeners:             []lbv1.Listener{{Name: "api", Port: 6443, Protocol: corev1.ProtocolTCP, BackendPort: 6443}},
			BackendServerSelector: map[string][]string{"role": {"control-plane", "other"}},
			HealthCheck:           &lbv1.HealthCheck{Port: 6443, SuccessThreshold: 1, FailureThreshold: 2, PeriodSeconds: 3, TimeoutSeconds: 4},
		},
		Status: lbv1.LoadBalancerStatus{
			BackendServers: []string{"10.0.0.30"}, Address: "10.0.0.10", Conditions: conditions,
			AllocatedAddress: lbv1.AllocatedAddress{IPPool: "p", IP: "10.0.0.10", Mask: "255.255.255.0", Gateway: "10.0.0.1"},
		},
	}, balancers.LoadBalancers(metav1.NamespaceDefault))
	bothWays(t, &hciv1.VirtualMachineImage{
		Spec: hciv1.VirtualMachineImageSpec{
			Backend: hciv1.BackendCDI, Description: "d", DisplayName: "SLES", SourceType: hciv1.SourceDownload, PVCName: "p", PVCNamespace: "n",
			URL: "http://images/sles", Checksum: "0", StorageClassParameters: map[string]string{"a": "b"}, Retry: 3, TargetStorageClassName: "t",
			SecurityParameters: &hciv1.VirtualMachineImageSecurityParameters{CryptoOperation: hciv1.CryptoEncrypt, SourceImageName: "s", SourceImageNamespace: "n"},
		},
		Status: hciv1.VirtualMachineImageStatus{
			AppliedURL: "http://images/sles", Progress: 100, Size: 1 << 40, VirtualSize: 1 << 41, StorageClassName: "lh-1",
			BackupTarget: &hciv1.BackupTarget{Endpoint: "e", BucketName: "b", BucketRegion: "r"},
			Failed:       1, LastFailedTime: "2026-01-01T00:00:00Z", Conditions: hciConditions, TargetStorageClassName: "t",
		},
	}, harvesters[*upstreamhci.VirtualMachineImage, *upstreamhci.VirtualMachineImageList](t, "virtualmachineimages", metav1.NamespaceDefault))
	bothWays(t, &hciv1.KeyPair{
		Spec: hciv1.KeyPairSpec{PublicKey: "ssh-ed25519 AAAA"}, Status: hciv1.KeyPairStatus{FingerPrint: "f", Conditions: hciConditions},
	}, harvesters[*upstreamhci.KeyPair, *upstreamhci.KeyPairList](t, "keypairs", metav1.NamespaceDefault))
	bothWays(t, &hciv1.Setting{
		Value: "v", Default: "d", Customized: true, Source: "s", Status: hciv1.SettingStatus{Conditions: hciConditions},
	}, harvesters[*upstreamhci.Setting, *upstreamhci.SettingList](t, "settings", ""))
	bothWays(t, &nadv1.NetworkAttachmentDefinition{
		Spec: nadv1.NetworkAttachmentDefinitionSpec{Config: `{"cniVersion":"0.3.1","type":"bridge","vlan":7}`},
	}, networks.NetworkAttachmentDefinitions(metav1.NamespaceDefault))
}

// harvesters is the typed client of a kind of Harvester's. Harvester's generated clientset is this call for each kind, in
// packages that draw in modules of Rancher whose checksums no public database has; so the call is made here, with
// Harvester's own types.
func harvesters[T client.Object, L runtime.Object](t *testing.T, plural, namespace string) typed[T] {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, upstreamhci.AddToScheme(scheme))
	metav1.AddToGroupVersion(scheme, upstreamhci.SchemeGroupVersion)
	config := rest.CopyConfig(upstream)
	config.GroupVersion, config.APIPath = &upstreamhci.SchemeGroupVersion, "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	built, err := rest.RESTClientFor(config)
	require.NoError(t, err)

	return gentype.NewClientWithList[T, L](plural, built, runtime.NewParameterCodec(scheme), namespace,
		func() T { return made[T]() }, func() L { return made[L]() })
}

// made is a pointer to a new value.
func made[T any]() T {
	value, _ := reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T)

	return value
}

// bothWays writes an object with our client and reads it with theirs, writes another with theirs and reads it with ours,
// and has each change what the other wrote.
func bothWays[O client.Object, T client.Object](t *testing.T, object O, theirs typed[T]) {
	t.Helper()
	name := strings.ToLower(reflect.TypeFor[O]().Elem().Name())
	t.Run(name, func(t *testing.T) {
		requireFilled(t, reflect.ValueOf(object).Elem(), "")
		mine := ours(t)
		if namespaced, err := mine.IsObjectNamespaced(object); assert.NoError(t, err) && namespaced {
			object.SetNamespace(metav1.NamespaceDefault)
		}
		object.SetLabels(map[string]string{"by": "us"})
		object.SetName(name + "-ours")
		wrote := content(t, object)
		require.NoError(t, mine.Create(t.Context(), object))
		read, err := theirs.Get(t.Context(), object.GetName(), metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, wrote, content(t, read), "they read what we wrote")
		assert.Equal(t, object.GetUID(), read.GetUID())

		read.SetLabels(map[string]string{"by": "them"})
		_, err = theirs.Update(t.Context(), read, metav1.UpdateOptions{})
		require.NoError(t, err)
		require.NoError(t, mine.Get(t.Context(), client.ObjectKeyFromObject(object), object))
		assert.Equal(t, content(t, read), content(t, object), "we read what they changed")
		object.SetLabels(map[string]string{"by": "us-again"})
		require.NoError(t, mine.Update(t.Context(), object))
		read, err = theirs.Get(t.Context(), object.GetName(), metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, content(t, object), content(t, read), "they read what we changed")

		other := made[T]()
		decode(t, encode(t, object), other)
		other.SetName(name + "-theirs")
		other.SetResourceVersion("")
		other.SetUID("")
		other.SetManagedFields(nil)
		other, err = theirs.Create(t.Context(), other, metav1.CreateOptions{})
		require.NoError(t, err)
		back := made[O]()
		require.NoError(t, mine.Get(t.Context(), client.ObjectKeyFromObject(other), back))
		assert.Equal(t, content(t, other), content(t, back), "we read what they wrote")
	})
}

// content is an object as JSON values, without what the API server adds.
func content(t *testing.T, object client.Object) map[string]any {
	t.Helper()
	fields := map[string]any{}
	decode(t, encode(t, object), &fields)
	delete(fields, "apiVersion") // typed clients leave these out
	delete(fields, "kind")
	fields["metadata"] = map[string]any{"name": object.GetName(), "namespace": object.GetNamespace(), "labels": object.GetLabels()}

	return fields
}

// requireFilled demands that no field is zero, so that a field that is added one day cannot be forgotten here.
func requireFilled(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.Name != "TypeMeta" && field.Name != "ObjectMeta" {
				requireFilled(t, v.Field(i), path+"."+field.Name)
			}
		}
	case reflect.Pointer:
		require.False(t, v.IsNil(), "%s is not set", path)
		requireFilled(t, v.Elem(), path)
	case reflect.Slice:
		require.NotZero(t, v.Len(), "%s is empty", path)
		requireFilled(t, v.Index(0), path)
	default:
		require.False(t, v.IsZero(), "%s is not set", path)
	}
}

// KubeVirt's typed client reads the machine that we build from the API server, status included, and we its changes.
func TestKubeVirtsClientSharesMachinesWithUs(t *testing.T) {
	theirs, err := kubevirt.NewForConfig(upstream)
	require.NoError(t, err)
	machines := theirs.KubevirtV1().VirtualMachines(metav1.NamespaceDefault)
	mine := ours(t)
	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: metav1.NamespaceDefault, Name: "a", CPU: 2, Memory: resource.MustParse("4Gi"), EFI: true, SecureBoot: true, TPM: true,
		Disks:           []harvesterclient.Disk{{Name: "disk-0", PVCName: "a-disk-0", Size: resource.MustParse("40Gi"), ImageID: "default/i", BootOrder: 1}},
		NICs:            []harvesterclient.NIC{{Name: "nic-0", Network: "default/n"}},
		CloudInitSecret: "a-cloud-init",
	})
	require.NoError(t, err)
	wrote := vm.DeepCopy()
	require.NoError(t, mine.Create(t.Context(), vm))
	read, err := machines.Get(t.Context(), "a", metav1.GetOptions{})
	require.NoError(t, err)
	assert.JSONEq(t, string(encode(t, wrote.Spec)), string(encode(t, read.Spec)))
	assert.Equal(t, wrote.Labels, read.Labels)
	assert.Equal(t, wrote.Annotations, read.Annotations)

	read.Status.Ready, read.Status.PrintableStatus = true, kubevirtv1.VirtualMachineStatusRunning
	_, err = machines.UpdateStatus(t.Context(), read, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.NoError(t, mine.Get(t.Context(), client.ObjectKeyFromObject(vm), vm))
	assert.Equal(t, read.Status, vm.Status)

	vmi := &kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: vm.Namespace, Name: vm.Name, Labels: vm.Spec.Template.ObjectMeta.Labels}, Spec: vm.Spec.Template.Spec,
		Status: kubevirtv1.VirtualMachineInstanceStatus{Phase: kubevirtv1.Running, NodeName: "host", Interfaces: []kubevirtv1.VirtualMachineInstanceNetworkInterface{
			{Name: "nic-0", IP: "10.0.0.30", IPs: []string{"10.0.0.30"}, MAC: "02:00:00:00:00:01", InfoSource: "domain, guest-agent"},
		}},
	}
	made, err := theirs.KubevirtV1().VirtualMachineInstances(vm.Namespace).Create(t.Context(), vmi, metav1.CreateOptions{})
	require.NoError(t, err)
	mirror := &kubevirtv1.VirtualMachineInstance{}
	require.NoError(t, mine.Get(t.Context(), client.ObjectKeyFromObject(vm), mirror))
	assert.JSONEq(t, string(encode(t, vmi.Spec)), string(encode(t, mirror.Spec)))
	assert.JSONEq(t, string(encode(t, vmi.Status)), string(encode(t, mirror.Status)))
	assert.Equal(t, made.UID, mirror.UID)
	state := harvesterclient.DescribeVM(vm, mirror)
	assert.Equal(t, harvesterclient.PhaseRunning, state.Phase)
}
