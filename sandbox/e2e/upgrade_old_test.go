package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/fleet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

const (
	// oldCluster is the name of the Cluster and of its namespace; oldTarget is the namespace on Harvester.
	oldCluster, oldTarget = "veteran", "default"
	oldBalancer           = oldCluster + "-" + oldCluster + "-lb"
)

// era is when a cluster was made, as far as that shows.
type era struct {
	// version is the only one that its CRDs know.
	version string
	// labels tells that what was made on Harvester carries our labels, and that pools hold addresses for VMs.
	labels bool
}

var (
	// ofV02 is v0.2.x.
	ofV02 = era{version: "v1alpha1"}
	// beforeIDs are builds of this repository before decision 24.
	beforeIDs = era{version: "v1beta1", labels: true}
)

// oldKinds are those that v0.2.x knew and of which this cluster has objects.
var oldKinds = []string{"harvesterclusters", "harvestermachines"}

// oldMachine is one machine as v0.2.x left it.
type oldMachine struct {
	name, address string
	controlPlane  bool
	vm            *kubevirtv1.VirtualMachine
	// instance is the UID of the running instance.
	instance types.UID
}

// oldRelease does what an earlier release did, by names, labels and versions of its own.
type oldRelease struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	era     era
	// management knows Cluster API's types and ours, admin CRDs; both reach the management cluster.
	management, admin, harvester client.Client
	machines                     []*oldMachine
	balancer                     *lbv1.LoadBalancer
}

// holder is who has a machine's address by the pool: the machine by its names in the management cluster, or the VM.
func (o *oldRelease) holder(machine *oldMachine) string {
	if o.era.labels {
		return oldTarget + "/" + machine.name + ".caphv"
	}
	return oldCluster + "/" + machine.name
}

// labels are on what was made for the cluster, and with a machine on what was made for that.
func (o *oldRelease) labels(machine *oldMachine) map[string]string {
	labels := map[string]string{}
	if o.era.labels {
		labels[infrav1.ManagedByLabel], labels[infrav1.ClusterNamespaceLabel] = infrav1.ManagedByValue, oldCluster
		labels[clusterv1.ClusterNameLabel] = oldCluster
	}
	if machine == nil {
		return labels
	}
	labels["harvesterhci.io/vmName"] = machine.name
	if o.era.labels {
		labels[infrav1.MachineNameLabel], labels[infrav1.HarvesterGuestClusterLabel] = machine.name, oldCluster
		labels[infrav1.HarvesterCreatorLabel] = infrav1.HarvesterCreatorValue
	} else {
		labels["harvesterhci.io/creator"], labels["harvesterhci.io/vmNamePrefix"] = "harvester", machine.name
	}
	if machine.controlPlane {
		labels["harvestercluster/machinetype"] = "controlplane-" + oldCluster
	}
	return labels
}

// volume is the name of a machine's claim: v0.2.x made a random one.
func (o *oldRelease) volume(machine *oldMachine) string {
	if o.era.labels {
		return machine.name + "-disk-0"
	}
	return machine.name + "-disk-0-x7k2p"
}

func newOldRelease(t *testing.T, s *sandbox.Sandbox, f *fleet.Fleet, era era) *oldRelease {
	t.Helper()
	harvester, err := s.HarvesterClient()
	require.NoError(t, err)
	base := s.Network().Machines.Addr().As4()
	at := func(last byte) string { return addr([4]byte{base[0], base[1], 3, last}).String() }
	return &oldRelease{
		t: t, sandbox: s, era: era, management: f.Client(), admin: s.Management().Client(), harvester: harvester,
		machines: []*oldMachine{
			{name: "veteran-cp", address: at(10), controlPlane: true}, {name: "veteran-cp-2", address: at(11), controlPlane: true},
			{name: "veteran-w", address: at(12)},
		},
	}
}

// installCRDs installs CRDs that know nothing but that release's version, with the label by which Cluster API found that.
func (o *oldRelease) installCRDs() {
	o.t.Helper()
	for _, kind := range oldKinds {
		text, err := os.ReadFile(filepath.Join(root, "config/crd/bases", infrav1.GroupVersion.Group+"_"+kind+".yaml"))
		require.NoError(o.t, err)
		objects, err := management.Parse(text)
		require.NoError(o.t, err)
		require.Len(o.t, objects, 1)
		versions, _, err := unstructured.NestedSlice(objects[0].Object, "spec", "versions")
		require.NoError(o.t, err)
		versions = slices.DeleteFunc(versions, func(version any) bool { return version.(map[string]any)["name"] != o.era.version })
		require.Len(o.t, versions, 1)
		version := versions[0].(map[string]any)
		version["storage"] = true
		delete(version, "deprecated")
		delete(version, "deprecationWarning")
		require.NoError(o.t, unstructured.SetNestedSlice(objects[0].Object, versions, "spec", "versions"))
		objects[0].SetLabels(map[string]string{"cluster.x-k8s.io/v1beta1": o.era.version})
		require.NoError(o.t, management.Apply(o.t.Context(), o.admin, objects))
	}
}

// makeOnHarvester makes the VMs with their Secrets and pool entries, and the load balancer with its placeholder Service.
func (o *oldRelease) makeOnHarvester() {
	o.t.Helper()
	ports := []corev1.ServicePort{{Name: "api", Port: 6443}}
	o.create(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: oldTarget, Name: oldBalancer}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: ports}})
	o.balancer = &lbv1.LoadBalancer{
		ObjectMeta: metav1.ObjectMeta{Namespace: oldTarget, Name: oldBalancer, Labels: o.labels(nil)},
		Spec: lbv1.LoadBalancerSpec{
			WorkloadType: lbv1.VM, IPAM: lbv1.DHCP,
			Listeners:             []lbv1.Listener{{Name: "api", Port: 6443, Protocol: corev1.ProtocolTCP, BackendPort: 6443}},
			BackendServerSelector: map[string][]string{"harvestercluster/machinetype": {"controlplane-" + oldCluster}},
		},
	}
	o.create(o.balancer)
	o.enterIntoPool()
	for _, machine := range o.machines {
		o.makeVM(machine)
	}
	for _, machine := range o.machines {
		o.awaitVM(machine)
	}
	o.eventually(func(ctx context.Context) bool {
		return o.harvester.Get(ctx, client.ObjectKeyFromObject(o.balancer), o.balancer) == nil && o.balancer.Status.Address != ""
	}, "the load balancer has an address")
}

func (o *oldRelease) enterIntoPool() {
	o.t.Helper()
	pool := &lbv1.IPPool{}
	o.eventually(func(ctx context.Context) bool {
		if o.harvester.Get(ctx, client.ObjectKey{Name: fleet.Pool}, pool) != nil || pool.Status.Total == 0 {
			return false
		}
		base := client.MergeFromWithOptions(pool.DeepCopy(), client.MergeFromWithOptimisticLock{})
		pool.Status.Allocated = map[string]string{}
		for _, machine := range o.machines {
			pool.Status.Allocated[machine.address] = o.holder(machine)
		}
		pool.Status.Available = pool.Status.Total - int64(len(o.machines))
		return o.harvester.Patch(ctx, pool, base) == nil
	}, "the pool holds the machines' addresses")
}

// makeVM makes one VM with its Secret.
func (o *oldRelease) makeVM(machine *oldMachine) {
	o.t.Helper()
	network := fmt.Sprintf("network:\n  version: 1\n  config:\n  - type: physical\n    name: eth0\n    subnets: [{type: static, address: %s/16, gateway: %s}]\n",
		machine.address, o.sandbox.Network().Gateway)
	o.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: oldTarget, Name: machine.name + "-cloud-init", Labels: o.labels(machine)},
		Data:       map[string][]byte{"userdata": []byte(oldUserData), "networkdata": []byte(network)},
	})
	machine.vm = o.describeVM(machine)
	o.create(machine.vm)
}

// awaitVM waits until a VM runs with its address.
func (o *oldRelease) awaitVM(machine *oldMachine) {
	o.t.Helper()
	o.eventually(func(ctx context.Context) bool {
		vmi := &kubevirtv1.VirtualMachineInstance{}
		if o.harvester.Get(ctx, client.ObjectKeyFromObject(machine.vm), vmi) != nil || vmi.Status.Phase != kubevirtv1.Running {
			return false
		}
		machine.instance = vmi.UID
		return len(vmi.Status.Interfaces) > 0 && vmi.Status.Interfaces[0].IP == machine.address
	}, machine.name+" runs with its address")
	require.NoError(o.t, o.harvester.Get(o.t.Context(), client.ObjectKeyFromObject(machine.vm), machine.vm))
}

// describeVM is the VM in the shape of its time. Those of v0.2.x have no labels on their volumes.
func (o *oldRelease) describeVM(machine *oldMachine) *kubevirtv1.VirtualMachine {
	o.t.Helper()
	var volumeLabels map[string]string
	if o.era.labels {
		volumeLabels = o.labels(machine)
	}
	image := &hciv1.VirtualMachineImage{}
	read(o.t, o.harvester, "default", "image-sles15", image)
	o.eventually(func(ctx context.Context) bool {
		return o.harvester.Get(ctx, client.ObjectKeyFromObject(image), image) == nil && image.Status.StorageClassName != ""
	}, "the image is there")
	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: oldTarget, Name: machine.name, Labels: o.labels(machine), VolumeLabels: volumeLabels, CPU: 2, Memory: resource.MustParse("4Gi"),
		Disks: []harvesterclient.Disk{{
			Name: "disk-0", PVCName: o.volume(machine), Size: resource.MustParse("40Gi"), BootOrder: 1,
			ImageID: image.Namespace + "/" + image.Name, StorageClassName: image.Status.StorageClassName,
		}},
		NICs:            []harvesterclient.NIC{{Name: "nic-1", Network: sandbox.VMNetwork}},
		CloudInitSecret: machine.name + "-cloud-init",
	})
	require.NoError(o.t, err)
	vm.Spec.RunStrategy = ptr.To(kubevirtv1.RunStrategyAlways)
	return vm
}

// store creates the cluster's objects in the management cluster, ours in that release's version, and has the guests' Nodes as
// it left them.
func (o *oldRelease) store() {
	o.t.Helper()
	kubeconfig, err := os.ReadFile(o.sandbox.HarvesterKubeconfig())
	require.NoError(o.t, err)
	guest, err := os.ReadFile(o.sandbox.ManagementKubeconfig())
	require.NoError(o.t, err)
	o.createIn(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: oldCluster}})
	for name, data := range map[string]map[string][]byte{
		"identity": {"kubeconfig": kubeconfig}, oldCluster + "-kubeconfig": {"value": guest}, "bootstrap": {"value": []byte(oldUserData)},
	} {
		o.createIn(&corev1.Secret{ObjectMeta: o.meta(name), Data: data})
	}
	for _, object := range o.infrastructure() {
		status := object.Object["status"]
		o.createIn(object)
		object.Object["status"] = status
		require.NoError(o.t, o.admin.Status().Update(o.t.Context(), object))
	}
	o.createIn(&clusterv1.Cluster{ObjectMeta: o.meta(oldCluster), Spec: clusterv1.ClusterSpec{
		ControlPlaneEndpoint: clusterv1.APIEndpoint{Host: o.balancer.Status.Address, Port: 6443},
		InfrastructureRef:    clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterCluster", Name: oldCluster},
	}})
	for _, machine := range o.machines {
		meta := o.meta(machine.name)
		if machine.controlPlane {
			meta.Labels[clusterv1.MachineControlPlaneLabel] = ""
		}
		o.createIn(&clusterv1.Machine{ObjectMeta: meta, Spec: clusterv1.MachineSpec{
			ClusterName: oldCluster, Version: "v1.33.4+rke2r1", ProviderID: "harvester://" + string(machine.vm.UID),
			Bootstrap:         clusterv1.Bootstrap{DataSecretName: ptr.To("bootstrap")},
			InfrastructureRef: clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterMachine", Name: machine.name},
		}})
		o.initializeNode(machine)
	}
}

// infrastructure are our objects, with the finalizers of that release.
func (o *oldRelease) infrastructure() []*unstructured.Unstructured {
	o.t.Helper()
	text := &bytes.Buffer{}
	parsed := template.Must(template.ParseFiles(filepath.Join("testdata", o.era.version+".yaml.tmpl")))
	for _, machine := range o.machines {
		require.NoError(o.t, parsed.Execute(text, map[string]any{
			"Cluster": oldCluster, "Target": oldTarget, "Endpoint": o.balancer.Status.Address, "Pool": fleet.Pool, "Gateway": o.sandbox.Network().Gateway,
			"First": machine == o.machines[0], "Machine": machine.name, "UID": machine.vm.UID, "Address": machine.address, "ControlPlane": machine.controlPlane,
			"KeyPair": sandbox.KeyPair, "Image": sandbox.Image, "Network": sandbox.VMNetwork,
		}))
	}
	objects, err := management.Parse(text.Bytes())
	require.NoError(o.t, err)
	return objects
}

// initializeNode does what the provider does once the guest is up.
func (o *oldRelease) initializeNode(machine *oldMachine) {
	o.t.Helper()
	node := &corev1.Node{}
	o.eventually(func(ctx context.Context) bool {
		if o.management.Get(ctx, client.ObjectKey{Name: machine.name}, node) != nil {
			return false
		}
		base := client.MergeFrom(node.DeepCopy())
		node.Spec.ProviderID, node.Spec.Taints = "harvester://"+string(machine.vm.UID), nil
		return o.management.Patch(ctx, node, base) == nil
	}, "Node "+machine.name+" is initialised")
}

func (o *oldRelease) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: oldCluster, Name: name, Labels: map[string]string{clusterv1.ClusterNameLabel: oldCluster}}
}

// create creates on Harvester, createIn in the management cluster.
func (o *oldRelease) create(object client.Object) {
	o.t.Helper()
	require.NoError(o.t, o.harvester.Create(o.t.Context(), object), object.GetName())
}

func (o *oldRelease) createIn(object client.Object) {
	o.t.Helper()
	require.NoError(o.t, o.management.Create(o.t.Context(), object), object.GetName())
}

func (o *oldRelease) eventually(check func(ctx context.Context) bool, what string) {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return check(o.t.Context()) }, patience, 100*time.Millisecond, what)
}

// oldUserData makes an RKE2 agent of a machine.
const oldUserData = `#cloud-config
# kept
write_files:
- path: /etc/rancher/rke2/config.yaml
  permissions: "0640"
  content: |
    server: https://192.0.2.1:9345
    token: a-token
runcmd:
- 'curl -sfL https://get.rke2.io | INSTALL_RKE2_VERSION=v1.33.4+rke2r1 INSTALL_RKE2_TYPE="agent" sh -s -'
- 'systemctl enable --now rke2-agent.service'
`
