package ippool_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	controllerevent "sigs.k8s.io/controller-runtime/pkg/event"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

func TestFrees(t *testing.T) {
	now := metav1.Now()
	for name, test := range map[string]struct {
		change func(*lbv1.IPPool)
		want   bool
	}{
		"nothing":               {func(*lbv1.IPPool) {}, false},
		"one more is taken":     {func(p *lbv1.IPPool) { p.Status.Allocated["192.0.2.9"] = "ns/c"; p.Status.Available-- }, false},
		"history":               {func(p *lbv1.IPPool) { p.Status.AllocatedHistory = map[string]string{"192.0.2.8": "ns/d"} }, false},
		"a note of a release":   {func(p *lbv1.IPPool) { p.Annotations = map[string]string{ippool.ReleasedAnnotation: "{}"} }, false},
		"one is given back":     {func(p *lbv1.IPPool) { delete(p.Status.Allocated, "192.0.2.2") }, true},
		"one changes hands":     {func(p *lbv1.IPPool) { p.Status.Allocated["192.0.2.2"] = "ns/c" }, true},
		"one goes, one comes":   {func(p *lbv1.IPPool) { p.Status.Allocated = map[string]string{"192.0.2.2": "ns/a", "192.0.2.4": "ns/c"} }, true},
		"its ranges":            {func(p *lbv1.IPPool) { p.Spec.Ranges[0].RangeEnd = "192.0.2.99" }, true},
		"its network":           {func(p *lbv1.IPPool) { p.Spec.Selector.Network = "default/other" }, true},
		"it is counted at last": {func(p *lbv1.IPPool) { p.Status.Total = 8 }, true},
		"an exclusion":          {func(p *lbv1.IPPool) { p.Annotations = map[string]string{ippool.ExcludedAnnotation: ""} }, false},
		"another exclusion":     {func(p *lbv1.IPPool) { p.Annotations = map[string]string{ippool.ExcludedAnnotation: "192.0.2.5"} }, true},
		"the grace period":      {func(p *lbv1.IPPool) { p.Annotations = map[string]string{ippool.ReuseGraceAnnotation: "1m"} }, true},
		"it is being deleted":   {func(p *lbv1.IPPool) { p.DeletionTimestamp = &now }, true},
	} {
		before := &lbv1.IPPool{
			ObjectMeta: metav1.ObjectMeta{Name: "p"},
			Spec:       lbv1.IPPoolSpec{Ranges: []lbv1.Range{{Subnet: "192.0.2.0/24"}}},
			Status:     lbv1.IPPoolStatus{Total: 7, Available: 5, Allocated: map[string]string{"192.0.2.2": "ns/a", "192.0.2.3": "ns/b"}},
		}
		after := before.DeepCopy()
		test.change(after)
		assert.Equal(t, test.want, ippool.Frees().Update(controllerevent.UpdateEvent{ObjectOld: before, ObjectNew: after}), name)
	}
	assert.True(t, ippool.Frees().Create(controllerevent.CreateEvent{}))
	assert.True(t, ippool.Frees().Delete(controllerevent.DeleteEvent{}))
}
