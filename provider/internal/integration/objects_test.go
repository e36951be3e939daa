package integration

import (
	"fmt"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

const clusterName = "c1"

// createCluster creates a Cluster and its HarvesterCluster, as Cluster API leaves them: owned and labelled.
func (w *world) createCluster(change ...func(*infrav1.HarvesterCluster)) *clusterv1.Cluster {
	w.t.Helper()
	cluster := &clusterv1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: clusterName, Finalizers: []string{"test/keep"}},
		Spec: clusterv1.ClusterSpec{
			InfrastructureRef: clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterCluster", Name: clusterName},
			ControlPlaneRef:   clusterv1.ContractVersionedObjectReference{APIGroup: "controlplane.cluster.x-k8s.io", Kind: "RKE2ControlPlane", Name: clusterName},
		},
	}
	w.create(w.management, cluster)
	infra := &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: clusterName, Labels: map[string]string{clusterv1.ClusterNameLabel: clusterName},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: clusterv1.GroupVersion.String(), Kind: "Cluster", Name: clusterName, UID: cluster.UID}},
		},
		Spec: infrav1.HarvesterClusterSpec{
			IdentitySecret:     infrav1.SecretReference{Namespace: w.namespace, Name: "harvester"},
			TargetNamespace:    w.target,
			LoadBalancerConfig: infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypeDHCP},
			VMNetworkConfig:    &infrav1.VMNetworkConfig{IPPoolRef: w.pool, Gateway: w.subnet + ".1", SubnetMask: "255.255.255.0"},
		},
	}
	for _, c := range change {
		c(infra)
	}
	w.create(w.management, infra)
	return cluster
}

// markProvisioned does what Cluster API does when the infrastructure says that it is provisioned.
func (w *world) markProvisioned() {
	w.t.Helper()
	w.updateClusterStatus(func(status *clusterv1.ClusterStatus) {
		status.Initialization.InfrastructureProvisioned = ptr.To(true)
	})
}

func (w *world) updateClusterStatus(change func(*clusterv1.ClusterStatus)) {
	w.t.Helper()
	cluster := get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})
	base := client.MergeFrom(cluster.DeepCopy())
	change(&cluster.Status)
	require.NoError(w.t, w.management.Status().Patch(w.ctx, cluster, base))
}

// createMachine creates a Machine with its bootstrap data and its HarvesterMachine.
func (w *world) createMachine(name string, controlPlane bool, change ...func(*infrav1.HarvesterMachine)) *clusterv1.Machine {
	w.t.Helper()
	labels := map[string]string{clusterv1.ClusterNameLabel: clusterName}
	if controlPlane {
		labels[clusterv1.MachineControlPlaneLabel] = ""
	}
	w.create(w.management, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name + "-bootstrap"},
		Data:       map[string][]byte{"value": []byte("#cloud-config\nruncmd: [\"echo " + secretMarker + "\"]\n")},
	})
	machine := &clusterv1.Machine{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name, Labels: labels, Finalizers: []string{"test/keep"}},
		Spec: clusterv1.MachineSpec{
			ClusterName:       clusterName,
			Bootstrap:         clusterv1.Bootstrap{DataSecretName: ptr.To(name + "-bootstrap")},
			InfrastructureRef: clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: "HarvesterMachine", Name: name},
		},
	}
	w.create(w.management, machine)
	infra := &infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: name, Labels: labels,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: clusterv1.GroupVersion.String(), Kind: "Machine", Name: name, UID: machine.UID, Controller: ptr.To(true)}},
		},
		Spec: infrav1.HarvesterMachineSpec{
			CPU: 2, Memory: "4Gi", SSHUser: "rancher", SSHKeyPair: "default/key",
			Volumes:  []infrav1.Volume{{VolumeType: infrav1.VolumeTypeImage, ImageName: "default/image", VolumeSize: ptr.To(resource.MustParse("40Gi"))}},
			Networks: []string{"default/production"},
		},
	}
	for _, c := range change {
		c(infra)
	}
	w.create(w.management, infra)
	return machine
}

// secretMarker is in the bootstrap data, and must be nowhere else.
const secretMarker = "do-not-print-me"

// deleteMachine deletes the Machine (which a finalizer keeps, as Cluster API's does) and its HarvesterMachine.
func (w *world) deleteMachine(name string) {
	w.t.Helper()
	machine := get(w, w.management, w.namespace, name, &clusterv1.Machine{})
	require.NoError(w.t, w.management.Delete(w.ctx, machine))
	w.deleteInfraMachine(name)
}

// deleteCluster deletes the Cluster (which a finalizer keeps, as Cluster API's does) and its HarvesterCluster.
func (w *world) deleteCluster() {
	w.t.Helper()
	require.NoError(w.t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, clusterName, &clusterv1.Cluster{})))
	require.NoError(w.t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, clusterName, &infrav1.HarvesterCluster{})))
}

func (w *world) deleteInfraMachine(name string) {
	w.t.Helper()
	require.NoError(w.t, w.management.Delete(w.ctx, get(w, w.management, w.namespace, name, &infrav1.HarvesterMachine{})))
}

func (w *world) condition(conditions []metav1.Condition, conditionType string) string {
	for _, c := range conditions {
		if c.Type == conditionType {
			return fmt.Sprintf("%s/%s", c.Status, c.Reason)
		}
	}
	return ""
}
