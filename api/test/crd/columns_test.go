package crd

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// TestMachineColumns reads what `kubectl get harvestermachines` and `-o wide` print.
func TestMachineColumns(t *testing.T) {
	machine := &infrav1.HarvesterMachine{
		ObjectMeta: metav1.ObjectMeta{
			Name: "columns", Namespace: "default", Labels: map[string]string{clusterv1.ClusterNameLabel: "prod"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "cluster.x-k8s.io/v1beta2", Kind: "Machine", Name: "prod-cp-1", UID: "1"}},
		},
		Spec: infrav1.HarvesterMachineSpec{
			ProviderID: "harvester://uid", CPU: 2, Memory: "4Gi", SSHUser: "rancher", SSHKeyPair: "key",
			Volumes:  []infrav1.Volume{{VolumeType: infrav1.VolumeTypeImage, ImageName: "sles"}},
			Networks: []string{"production"},
		},
	}
	require.NoError(t, cluster.Client.Create(t.Context(), machine))
	machine.Status = infrav1.HarvesterMachineStatus{
		AllocatedPoolRef: "pool-a",
		Addresses: []clusterv1.MachineAddress{
			{Type: clusterv1.MachineHostName, Address: "columns"}, {Type: clusterv1.MachineInternalIP, Address: "172.16.3.40"},
		},
		Conditions: []metav1.Condition{{
			Type: infrav1.ReadyCondition, Status: metav1.ConditionTrue, Reason: infrav1.ReadyReason, LastTransitionTime: metav1.Now(),
		}},
	}
	require.NoError(t, cluster.Client.Status().Update(t.Context(), machine))

	narrow, wide := columns(t, "harvestermachines", "columns")
	assert.Equal(t, map[string]any{
		"Name": "columns", "Cluster": "prod", "Machine": "prod-cp-1", "Address": "172.16.3.40", "Pool": "pool-a", "Ready": "True",
	}, narrow)
	assert.Equal(t, map[string]any{"Provider ID": "harvester://uid", "Reason": infrav1.ReadyReason}, wide)
	require.NoError(t, cluster.Client.Delete(t.Context(), machine))
}

func TestClusterColumns(t *testing.T) {
	object := &infrav1.HarvesterCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "columns", Namespace: "default", Labels: map[string]string{clusterv1.ClusterNameLabel: "prod"}},
		Spec: infrav1.HarvesterClusterSpec{
			TargetNamespace: "vms", IdentitySecret: infrav1.SecretReference{Namespace: "default", Name: "harvester"},
			LoadBalancerConfig:   infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypeDHCP},
			ControlPlaneEndpoint: infrav1.APIEndpoint{Host: "172.16.3.11", Port: 6443},
		},
	}
	require.NoError(t, cluster.Client.Create(t.Context(), object))
	object.Status.Conditions = []metav1.Condition{{
		Type: infrav1.ReadyCondition, Status: metav1.ConditionFalse, Reason: infrav1.NotReadyReason, LastTransitionTime: metav1.Now(),
	}}
	require.NoError(t, cluster.Client.Status().Update(t.Context(), object))

	narrow, wide := columns(t, "harvesterclusters", "columns")
	assert.Equal(t, map[string]any{"Name": "columns", "Cluster": "prod", "Ready": "False", "Endpoint": "172.16.3.11"}, narrow)
	assert.Equal(t, map[string]any{"Namespace on Harvester": "vms", "Reason": infrav1.NotReadyReason}, wide)
	require.NoError(t, cluster.Client.Delete(t.Context(), object))
}

// columns returns the cells that kubectl prints of an object, and those that it prints with -o wide only. The age is
// left out: it changes.
func columns(t *testing.T, plural, name string) (narrow, wide map[string]any) {
	t.Helper()
	transport, err := rest.HTTPClientFor(cluster.Config)
	require.NoError(t, err)
	url := strings.TrimSuffix(cluster.Config.Host, "/") + "/apis/" + infrav1.GroupVersion.String() + "/namespaces/default/" + plural + "/" + name
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	answer, err := transport.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var table metav1.Table
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&table))
	require.Len(t, table.Rows, 1)
	narrow, wide = map[string]any{}, map[string]any{}
	for i, column := range table.ColumnDefinitions {
		switch {
		case column.Name == "Age":
			assert.NotEmpty(t, table.Rows[0].Cells[i])
		case column.Priority == 0:
			narrow[column.Name] = table.Rows[0].Cells[i]
		default:
			wide[column.Name] = table.Rows[0].Cells[i]
		}
	}
	return narrow, wide
}
