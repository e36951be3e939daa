package statuspage

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// noon is when the objects of the tests were created.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(d)) }

// met are conditions of the steps in their order, each turned true so long after noon.
func met(after ...time.Duration) []metav1.Condition {
	var made []metav1.Condition
	for i, d := range after {
		made = append(made, metav1.Condition{Type: Steps[i].Condition, Status: metav1.ConditionTrue, Reason: "Done", LastTransitionTime: metav1.NewTime(noon.Add(d))})
	}
	return made
}

func ready(d time.Duration) metav1.Condition {
	return metav1.Condition{Type: infrav1.ReadyCondition, Status: metav1.ConditionTrue, Reason: infrav1.ReadyReason, LastTransitionTime: after(d)}
}

func unmet(condition, reason, message string, d time.Duration) metav1.Condition {
	return metav1.Condition{Type: condition, Status: metav1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: after(d)}
}

func infraMachine(name string, conditions ...metav1.Condition) infrav1.HarvesterMachine {
	return infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "prod", Name: name, CreationTimestamp: after(0), Labels: map[string]string{clusterv1.ClusterNameLabel: "shop"},
		},
		Status: infrav1.HarvesterMachineStatus{Conditions: conditions},
	}
}

// shop is a cluster with one machine that is ready, one that starts, and one that waits for an address.
func shop() Snapshot {
	leader := infraMachine("shop-cp-1", append(met(time.Second, 3*time.Second, 5*time.Second, 40*time.Second, 41*time.Second, 95*time.Second), ready(95*time.Second))...)
	leader.Labels[clusterv1.MachineControlPlaneLabel] = ""
	leader.Status.Addresses = []clusterv1.MachineAddress{{Type: clusterv1.MachineHostName, Address: "shop-cp-1"}, {Type: clusterv1.MachineInternalIP, Address: "192.0.2.11"}}
	starting := infraMachine("shop-md-1", append(met(time.Second, 3*time.Second, 5*time.Second), unmet(infrav1.VMRunningCondition, infrav1.VMStartingReason, "VM default/shop-md-1 is starting", 5*time.Second))...)
	waiting := infraMachine("shop-md-2", unmet(infrav1.AddressReadyCondition, "PoolExhausted", `IPPool vlan-100 has no free address: add a range or release addresses <script>alert("1")</script>`, time.Second))

	snapshot := Snapshot{
		Clusters: []clusterv1.Cluster{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "shop"},
			Spec: clusterv1.ClusterSpec{
				ControlPlaneEndpoint: clusterv1.APIEndpoint{Host: "192.0.2.10", Port: 6443},
				InfrastructureRef:    clusterv1.ContractVersionedObjectReference{Kind: "HarvesterCluster", Name: "shop-infra"},
			},
			Status: clusterv1.ClusterStatus{Phase: "Provisioned"},
		}},
		Infra: []infrav1.HarvesterCluster{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "shop-infra"},
			Spec:       infrav1.HarvesterClusterSpec{IdentitySecret: infrav1.SecretReference{Namespace: "prod", Name: "identity"}, TargetNamespace: "default"},
			Status: infrav1.HarvesterClusterStatus{Conditions: []metav1.Condition{
				unmet(infrav1.IPPoolsReadyCondition, "PoolExhausted", "IPPool vlan-100 has no free address", 2*time.Second),
				unmet(infrav1.ReadyCondition, "NotReady", "see above", 2*time.Second),
			}},
		}},
		InfraMachines: []infrav1.HarvesterMachine{waiting, leader, starting},
		Pools:         []Pool{pool("vlan-100", "192.0.2.10", "192.0.2.13", map[string]string{"192.0.2.10": "default/shop-lb", "192.0.2.11": "default/shop-cp-1.caphv"})},
		Events: []corev1.Event{
			event("HarvesterMachine", "shop-cp-1", "VMCreated", "VM default/shop-cp-1 was created", 5*time.Second),
			event("HarvesterMachine", "other", "VMCreated", "VM default/other was created", 6*time.Second),
		},
		Lacks: []string{"IPPools of the Harvester of identity Secret prod/second: the credentials are refused"},
	}
	for i := range snapshot.InfraMachines {
		name := snapshot.InfraMachines[i].Name
		snapshot.Machines = append(snapshot.Machines, clusterv1.Machine{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: name, Labels: map[string]string{clusterv1.ClusterNameLabel: "shop"}},
			Spec: clusterv1.MachineSpec{
				ClusterName: "shop", Version: "v1.34.3+rke2r1",
				InfrastructureRef: clusterv1.ContractVersionedObjectReference{Kind: "HarvesterMachine", Name: name},
			},
			Status: clusterv1.MachineStatus{Phase: map[bool]string{true: "Running", false: "Provisioning"}[name == "shop-cp-1"]},
		})
	}
	return snapshot
}

func pool(name, start, end string, allocated map[string]string) Pool {
	return Pool{Identity: "prod/identity", IPPool: lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid-of-" + "pool"},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/24", RangeStart: start, RangeEnd: end, Gateway: "192.0.2.1"}}},
		Status:     lbv1.IPPoolStatus{Allocated: allocated},
	}}
}

func event(kind, name, reason, message string, d time.Duration) corev1.Event {
	return corev1.Event{
		InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: "prod", Name: name},
		Type:           corev1.EventTypeNormal, Reason: reason, Message: message, LastTimestamp: after(d),
	}
}
