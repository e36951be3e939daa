package integration

import (
	"fmt"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// seedHarvester creates what an operator would have prepared, and a pool with so many addresses.
func (w *world) seedHarvester(addresses int) {
	w.t.Helper()
	shared := []client.Object{
		&hciv1.Setting{ObjectMeta: metav1.ObjectMeta{Name: "server-version"}, Value: "v1.8.0"},
		&hciv1.VirtualMachineImage{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "image"},
			Spec:       hciv1.VirtualMachineImageSpec{DisplayName: "sles.qcow2", SourceType: "download", URL: "https://images.example/sles.qcow2", Backend: hciv1.BackendBackingImage, StorageClassParameters: map[string]string{}},
			Status: hciv1.VirtualMachineImageStatus{
				StorageClassName: "lh-image", VirtualSize: 10 << 30, Progress: 100,
				Conditions: []hciv1.Condition{{Type: hciv1.ImageImported, Status: corev1.ConditionTrue}},
			},
		},
		&hciv1.KeyPair{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "key"},
			Spec:       hciv1.KeyPairSpec{PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ test"},
			Status:     hciv1.KeyPairStatus{Conditions: []hciv1.Condition{{Type: hciv1.KeyPairValidated, Status: corev1.ConditionTrue}}},
		},
		&nadv1.NetworkAttachmentDefinition{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "production"}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "host-a", Labels: map[string]string{corev1.LabelTopologyZone: "zone-a"}}},
	}
	for _, object := range shared {
		if err := w.harvester.Create(w.ctx, object); !apierrors.IsAlreadyExists(err) {
			require.NoError(w.t, err)
		}
	}
	w.createPool(w.pool, w.subnet, addresses)
}

// createPool creates a pool and counts it as Harvester's controller would.
func (w *world) createPool(name, subnet string, addresses int) {
	w.t.Helper()
	w.create(w.harvester, &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: lbv1.IPPoolSpec{
			Ranges:   []lbv1.Range{{Subnet: subnet + ".0/24", RangeStart: subnet + ".10", RangeEnd: fmt.Sprintf("%s.%d", subnet, 9+addresses), Gateway: subnet + ".1"}},
			Selector: lbv1.Selector{Network: "default/production"},
		},
		Status: lbv1.IPPoolStatus{
			Total: int64(addresses), Available: int64(addresses),
			Conditions: []lbv1.Condition{{Type: lbv1.IPPoolReady, Status: corev1.ConditionTrue}},
		},
	})
}

func (w *world) readPool(name string) *lbv1.IPPool {
	w.t.Helper()
	return get(w, w.harvester, "", name, &lbv1.IPPool{})
}

// addressLoadBalancer gives the cluster's load balancer an address.
func (w *world) addressLoadBalancer(address string) {
	w.t.Helper()
	balancer := get(w, w.harvester, w.target, w.whose().LoadBalancer(), &lbv1.LoadBalancer{})
	base := client.MergeFrom(balancer.DeepCopy())
	balancer.Status.Address = address
	require.NoError(w.t, w.harvester.Patch(w.ctx, balancer, base))
}

// boot makes a VM run, as KubeVirt and Harvester would: volumes, an instance with the template's labels, and a status.
func (w *world) boot(name string, addresses ...string) {
	w.t.Helper()
	vm := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachine{})
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil && !claim.Hotpluggable {
			w.createClaim(claim.ClaimName, vm.Labels)
		}
	}
	controller := true
	vmi := &kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.target, Name: name, Labels: vm.Spec.Template.ObjectMeta.Labels,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachine", Name: name, UID: vm.UID, Controller: &controller}},
		},
		Spec:   kubevirtv1.VirtualMachineInstanceSpec{Domain: vm.Spec.Template.Spec.Domain},
		Status: kubevirtv1.VirtualMachineInstanceStatus{Phase: kubevirtv1.Running, NodeName: "host-a"},
	}
	vmi.Status.Interfaces = []kubevirtv1.VirtualMachineInstanceNetworkInterface{{Name: names.NIC(0)}}
	if len(addresses) > 0 {
		vmi.Status.Interfaces[0].IP, vmi.Status.Interfaces[0].IPs = addresses[0], addresses
	}
	w.create(w.harvester, vmi)
	w.setVMStatus(name, kubevirtv1.VirtualMachineStatusRunning)
}

func (w *world) setVMStatus(name string, status kubevirtv1.VirtualMachinePrintableStatus) {
	w.t.Helper()
	vm := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachine{})
	base := client.MergeFrom(vm.DeepCopy())
	vm.Status.PrintableStatus = status
	require.NoError(w.t, w.harvester.Status().Patch(w.ctx, vm, base))
}

func (w *world) createClaim(name string, labels map[string]string) {
	w.t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name, Labels: labels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity("1Gi")}},
		},
	}
	if err := w.harvester.Create(w.ctx, claim); !apierrors.IsAlreadyExists(err) {
		require.NoError(w.t, err)
	}
}

// finishVMDeletion does what Harvester does when a VM is deleted: volumes that are listed go, then the instance and the
// VM.
func (w *world) finishVMDeletion(name string) {
	w.t.Helper()
	vm := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachine{})
	for _, claim := range splitNames(vm.Annotations["harvesterhci.io/removedPersistentVolumeClaims"]) {
		w.deleteClaim(claim)
	}
	w.letVMGo(name)
}

// letVMGo lets a VM that is being deleted, and its instance, go before its volumes.
func (w *world) letVMGo(name string) {
	w.t.Helper()
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name}}
	require.NoError(w.t, client.IgnoreNotFound(w.harvester.Delete(w.ctx, vmi)))
	vm := get(w, w.harvester, w.target, name, &kubevirtv1.VirtualMachine{})
	base := client.MergeFrom(vm.DeepCopy())
	vm.Finalizers = nil
	require.NoError(w.t, w.harvester.Patch(w.ctx, vm, base))
}
