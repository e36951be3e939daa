package poolwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// Only machines of our own namespaces are judged: the rest may be somebody's.
func TestSuspects(t *testing.T) {
	pools := []lbv1.IPPool{{
		ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "10.0.0.0/24"}}},
		Status: lbv1.IPPoolStatus{Total: 253, Available: 0, Allocated: map[string]string{
			"10.0.0.2": "vms/gone.caphv", "10.0.0.3": "vms/there.caphv", "10.0.0.4": "others/gone.caphv", "10.0.0.5": "vms/front", "10.0.0.6": "vms/gone-too.caphv",
		}},
	}, {ObjectMeta: metav1.ObjectMeta{Name: "empty"}}}
	holders := poolaudit.NewHolders()
	holders.AddMachine("capi", "there", "vms")
	found := suspects(pools, holders, []string{"vms"})
	addresses := make([]string, 0, len(found))
	for _, leak := range found {
		addresses = append(addresses, leak.Address)
	}
	assert.Equal(t, []string{"10.0.0.2", "10.0.0.6"}, addresses)
	assert.Equal(t, map[string]int{"p": 2, "empty": 0}, count(pools, found))
}
