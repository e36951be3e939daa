package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
)

// fault is something that is broken for real, and what doctor has to name first for it.
type fault struct {
	name string
	// breaks is how, in a world that is seeded; the reconcilers find it.
	breaks func(w *world)
	// reason is that of the first finding, and of the condition that the fault is settled by.
	condition, reason string
}

func clusterFaults() []fault {
	connection := infrav1.HarvesterConnectionReadyCondition
	return []fault{
		{"no identity Secret", func(w *world) { w.deleteIdentity(); w.createCluster() }, connection, infrav1.IdentitySecretNotFoundReason},
		{"a malformed kubeconfig", func(w *world) {
			w.setIdentity([]byte("apiVersion: v1\nkind: Config\nusers: [" + secretMarker))
			w.createCluster()
		}, connection, infrav1.IdentitySecretInvalidReason},
		{"a Secret of another namespace", func(w *world) {
			elsewhere := w.namespace + "-identities"
			w.create(w.management, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: elsewhere}})
			w.create(w.management, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "harvester"}, Data: map[string][]byte{infrav1.IdentitySecretKey: w.proxy.kubeconfig(w.t, "first")}})
			w.createCluster(func(c *infrav1.HarvesterCluster) { c.Spec.IdentitySecret.Namespace = elsewhere })
		}, connection, infrav1.IdentityNotAllowedReason},
		{"revoked credentials", func(w *world) { w.proxy.setRefuse(http.StatusUnauthorized); w.createCluster() }, connection, infrav1.CredentialsRejectedReason},
		{"Harvester does not answer", func(w *world) { w.proxy.setRefuse(http.StatusServiceUnavailable); w.createCluster() }, connection, infrav1.HarvesterUnreachableReason},
		{"another Harvester", func(w *world) { w.provisionCluster(); w.anotherHarvester() }, connection, infrav1.HarvesterMismatchReason},
		{"a pool that does not exist", func(w *world) {
			w.createCluster(func(c *infrav1.HarvesterCluster) { c.Spec.VMNetworkConfig.IPPoolRef = "no-pool" })
		}, infrav1.IPPoolsReadyCondition, infrav1.PoolNotFoundReason},
		{"a load balancer of another owner", func(w *world) {
			w.create(w.harvester, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.target}})
			w.createCluster()
			infra := get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})
			w.create(w.harvester, &lbv1.LoadBalancer{
				ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: w.whose().WithSeed(string(infra.UID)).LoadBalancer()},
				Spec: lbv1.LoadBalancerSpec{IPAM: lbv1.DHCP, WorkloadType: lbv1.VM, BackendServerSelector: map[string][]string{"app": {"web"}},
					Listeners: []lbv1.Listener{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP, BackendPort: 80}}},
			})
		}, infrav1.LoadBalancerReadyCondition, infrav1.LoadBalancerNotOwnedReason},
		{"a load balancer without an address", func(w *world) { w.createCluster() }, infrav1.LoadBalancerReadyCondition, infrav1.LoadBalancerAddressPendingReason},
	}
}

// orderedFaults are those of a machine that show before there is a VM.
func orderedFaults() []fault {
	vm := infrav1.VMProvisionedCondition
	spec := func(change func(*infrav1.HarvesterMachineSpec)) func(w *world) {
		return func(w *world) { w.createMachine("m-1", false, func(m *infrav1.HarvesterMachine) { change(&m.Spec) }) }
	}
	return []fault{
		{"no image", spec(func(s *infrav1.HarvesterMachineSpec) { s.Volumes[0].ImageName = "default/no-image" }), vm, infrav1.ImageNotFoundReason},
		{"no key pair", spec(func(s *infrav1.HarvesterMachineSpec) { s.SSHKeyPair = "default/no-key" }), vm, infrav1.KeyPairNotFoundReason},
		{"no network", spec(func(s *infrav1.HarvesterMachineSpec) { s.Networks = []string{"default/no-network"} }), vm, infrav1.NetworkNotFoundReason},
		{"no storage class", spec(func(s *infrav1.HarvesterMachineSpec) {
			s.Volumes = append(s.Volumes, infrav1.Volume{VolumeType: infrav1.VolumeTypeStorageClass, StorageClass: "no-class", VolumeSize: ptr.To(resource.MustParse("10Gi"))})
		}), vm, infrav1.StorageClassNotFoundReason},
		{"no host in the failure domain", spec(func(s *infrav1.HarvesterMachineSpec) { s.FailureDomain = "no-zone" }), vm, infrav1.FailureDomainNotFoundReason},
		{"a VM of another owner", func(w *world) {
			w.createForeignVM("m-1", map[string]string{"team": "other"})
			w.createMachine("m-1", false)
		}, vm, infrav1.VMNotOwnedReason},
		{"no address is left", func(w *world) { w.provisionMachine("m-0", false); w.createMachine("m-1", false) }, infrav1.AddressReadyCondition, infrav1.PoolExhaustedReason},
		{"no bootstrap data", func(w *world) {
			machine := w.createMachine("m-1", false)
			base := client.MergeFrom(machine.DeepCopy())
			machine.Spec.Bootstrap = clusterv1.Bootstrap{ConfigRef: clusterv1.ContractVersionedObjectReference{APIGroup: "bootstrap.cluster.x-k8s.io", Kind: "RKE2Config", Name: "m-1"}}
			require.NoError(w.t, w.management.Patch(w.ctx, machine, base))
		}, infrav1.BootstrapReadyCondition, infrav1.WaitingForBootstrapDataReason},
		{"bootstrap data that cannot be read", func(w *world) {
			w.createMachine("m-1", false)
			secret := get(w, w.management, w.namespace, "m-1-bootstrap", &corev1.Secret{})
			secret.Data["value"] = []byte(`{"ignition": {"version": "3.3.0"}, "token": "` + secretMarker + `"}`)
			require.NoError(w.t, w.management.Update(w.ctx, secret))
		}, infrav1.BootstrapReadyCondition, infrav1.BootstrapDataInvalidReason},
	}
}

// vmFaults are those of a machine whose VM is there.
func vmFaults() []fault {
	running := infrav1.VMRunningCondition
	ordered := func(w *world) {
		w.createMachine("m-1", false)
		w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
	}
	status := func(status kubevirtv1.VirtualMachinePrintableStatus) func(w *world) {
		return func(w *world) { ordered(w); w.setVMStatus("m-1", status) }
	}
	return []fault{
		{"the VM starts", ordered, running, infrav1.VMStartingReason},
		{"no host has room", status(kubevirtv1.VirtualMachineStatusUnschedulable), running, infrav1.VMUnschedulableReason},
		{"the guest is off", status(kubevirtv1.VirtualMachineStatusStopped), running, infrav1.VMStoppedReason},
		{"the VM is paused", status(kubevirtv1.VirtualMachineStatusPaused), running, infrav1.VMPausedReason},
		{"the VM crashes", status(kubevirtv1.VirtualMachineStatusCrashLoopBackOff), running, infrav1.VMCrashedReason},
		{"a volume fails", status(kubevirtv1.VirtualMachineStatusDataVolumeError), running, infrav1.VMFailedReason},
		{"the host is gone", status(kubevirtv1.VirtualMachineStatusUnknown), running, infrav1.VMUnknownReason},
		{"someone deleted the VM", func(w *world) {
			w.provisionMachine("m-1", false)
			require.NoError(w.t, w.harvester.Delete(w.ctx, &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: "m-1"}}))
			require.NoError(w.t, w.harvester.Delete(w.ctx, get(w, w.harvester, w.target, "m-1", &kubevirtv1.VirtualMachine{})))
		}, infrav1.VMProvisionedCondition, infrav1.VMMissingReason},
	}
}

// guestFaults are those of what runs in the VM, and of what leaves.
func guestFaults() []fault {
	node := infrav1.NodeInitializedCondition
	booted := func(w *world) {
		w.createMachine("m-1", false)
		w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return m.Spec.ProviderID != "" })
		w.boot("m-1")
	}
	return []fault{
		{"the Node is not registered", booted, node, infrav1.WaitingForNodeReason},
		{"the Node does not come in time", func(w *world) {
			booted(w)
			w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool {
				return w.condition(m.Status.Conditions, node) == "False/"+infrav1.WaitingForNodeReason
			})
			w.clock.SetTime(w.clock.Now().Add(2 * w.machines.NodeTimeout))
		}, node, infrav1.NodeInitializationTimedOutReason},
		{"the Node is another machine's", func(w *world) {
			require.NoError(w.t, w.guest.client.Create(w.ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "m-1"}, Spec: corev1.NodeSpec{ProviderID: "harvester://another"}}))
			booted(w)
		}, node, infrav1.NodeProviderIDConflictReason},
		{"the workload cluster does not answer", func(w *world) { w.guest.setDown(true); booted(w) }, node, infrav1.GuestClusterUnreachableReason},
		{"the owner stays", func(w *world) { w.provisionMachine("m-1", false); w.deleteInfraMachine("m-1") }, infrav1.DeletingCondition, infrav1.OwnerNotDeletingReason},
		{"Harvester does not let the VM go", func(w *world) { w.provisionMachine("m-1", false); w.deleteMachine("m-1") }, infrav1.DeletingCondition, infrav1.DeletingVMReason},
		{"the quorum is at risk", func(w *world) {
			w.etcd.answer(etcdops.Plan{Action: etcdops.ActionRefuse, Reason: "without member m-1 only 1 of 2 voters would be healthy"}, false, nil)
			w.leaveControlPlane()
		}, infrav1.EtcdMemberRemovedCondition, infrav1.EtcdQuorumAtRiskReason},
		{"no etcd member answers", func(w *world) { w.etcd.answer(etcdops.Plan{}, false, guest.ErrUnreachable); w.leaveControlPlane() }, infrav1.EtcdMemberRemovedCondition, infrav1.EtcdUnreachableReason},
	}
}

// leaveControlPlane deletes a control-plane machine of a cluster that has another one.
func (w *world) leaveControlPlane() {
	w.t.Helper()
	w.updateClusterStatus(func(status *clusterv1.ClusterStatus) { status.Initialization.ControlPlaneInitialized = ptrTo(true) })
	w.provisionMachine("m-1", true)
	w.createMachine("m-2", true)
	w.deleteMachine("m-1")
}

// Each fault is made for real, found by the reconcilers, and named by doctor as the first cause, in less than two seconds.
func TestDoctorNamesTheFirstCauseOfEachFault(t *testing.T) {
	const most = 2 * time.Second
	faults := 0
	for kind, list := range map[string][]fault{"Cluster": clusterFaults(), "Machine": append(append(orderedFaults(), vmFaults()...), guestFaults()...)} {
		for _, f := range list {
			faults++
			t.Run(f.name, func(t *testing.T) {
				w := newWorld(t)
				w.seedHarvester(1)
				if kind == "Machine" {
					w.provisionCluster()
				}
				f.breaks(w)
				w.settleFault(kind, f)
				var code int
				var report doctor.Report
				var text string
				took := fastest(most, func() { code, report, text = w.doctor(kind, "-o", "json") })
				require.Equal(t, 1, code, text)
				require.Equal(t, f.reason, report.Findings[0].Reason, text)
				require.Equal(t, f.condition, report.Findings[0].Condition)
				require.NotEmpty(t, report.Findings[0].Do)
				require.Less(t, took, most)
				require.NotContains(t, text, secretMarker)
			})
		}
	}
	require.GreaterOrEqual(t, faults, 30)
}

// settleFault lets the reconcilers find the fault.
func (w *world) settleFault(kind string, f fault) {
	w.t.Helper()
	found := func(conditions []metav1.Condition) bool {
		got := w.condition(conditions, f.condition)
		return got == "False/"+f.reason || got == "True/"+f.reason || got == "Unknown/"+f.reason
	}
	if kind == "Cluster" {
		w.settleCluster(clusterName, func(c *infrav1.HarvesterCluster) bool { return found(c.Status.Conditions) })
		return
	}
	w.settleMachine("m-1", func(m *infrav1.HarvesterMachine) bool { return found(m.Status.Conditions) })
}
