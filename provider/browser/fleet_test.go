//go:build browser

package browser

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/statuspage"
)

// machinesShown is how many machines the fleet has.
const machinesShown = 12

// fleet is one cluster with machines in every step, and words too long for any column.
type fleet struct{}

// Snapshot implements statuspage.Reader.
func (fleet) Snapshot(context.Context) (statuspage.Snapshot, error) {
	created := metav1.NewTime(time.Now().Add(-5 * time.Minute).Truncate(time.Second))
	snapshot := statuspage.Snapshot{
		Clusters: []clusterv1.Cluster{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "shop"},
			Spec: clusterv1.ClusterSpec{
				ControlPlaneEndpoint: clusterv1.APIEndpoint{Host: "192.0.2.10", Port: 6443},
				InfrastructureRef:    clusterv1.ContractVersionedObjectReference{Kind: "HarvesterCluster", Name: "shop"},
			},
			Status: clusterv1.ClusterStatus{Phase: "Provisioned"},
		}},
		Infra: []infrav1.HarvesterCluster{{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "shop"}, Spec: infrav1.HarvesterClusterSpec{TargetNamespace: "default"}}},
		Lacks: []string{"IPPools of the Harvester of identity Secret prod/second: the credentials are refused"},
	}
	allocated := map[string]string{"192.0.2.10": "default/shop-lb"}
	for i := range machinesShown {
		machine := infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{
			Namespace: "prod", Name: fmt.Sprintf("shop-md-0-%s-%02d", strings.Repeat("long", 8), i), CreationTimestamp: created,
			Labels: map[string]string{clusterv1.ClusterNameLabel: "shop"},
		}}
		for j, step := range statuspage.Steps {
			condition := metav1.Condition{
				Type: step.Condition, Status: metav1.ConditionTrue, Reason: "Done",
				LastTransitionTime: metav1.NewTime(created.Add(time.Duration((j+1)*(10+i)) * time.Second)),
			}
			if j >= i+1 {
				condition.Status, condition.Reason = metav1.ConditionFalse, "WaitingForPreviousStep"
				condition.Message = "waits for https://harvester.example.org/" + strings.Repeat("a-path-without-a-space-", 6)
			}
			machine.Status.Conditions = append(machine.Status.Conditions, condition)
		}
		snapshot.InfraMachines = append(snapshot.InfraMachines, machine)
		allocated[fmt.Sprintf("192.0.2.%d", 20+i)] = "default/" + machine.Name + ".caphv"
		snapshot.Events = append(snapshot.Events, corev1.Event{
			InvolvedObject: corev1.ObjectReference{Kind: "HarvesterMachine", Namespace: "prod", Name: machine.Name},
			Type:           corev1.EventTypeWarning, Reason: "VMStartTimedOut", Message: strings.Repeat("word ", 40), LastTimestamp: created,
		})
	}
	snapshot.Pools = []statuspage.Pool{{Identity: "prod/identity", IPPool: lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: "vlan-100"},
		Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/24", RangeStart: "192.0.2.10", RangeEnd: "192.0.2.200"}}},
		Status:     lbv1.IPPoolStatus{Allocated: allocated},
	}}}
	return snapshot, nil
}
