package balancer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func scoped(name, network string, priority uint32, scope ...lbv1.Tuple) lbv1.IPPool {
	return lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       lbv1.IPPoolSpec{Selector: lbv1.Selector{Network: network, Priority: priority, Scope: scope}},
	}
}

func TestSelect(t *testing.T) {
	all := lbv1.Tuple{Project: "*", Namespace: "*", GuestCluster: "*"}
	global := scoped("global", "", 0, all)
	global.Labels = map[string]string{lbv1.IPPoolGlobalLabel: "true"}
	team := lbv1.Tuple{Project: "", Namespace: "team", GuestCluster: ""}
	guest := Requirement{Project: "local/p-1", Namespace: "team", Cluster: "guest"}
	tests := []struct {
		name  string
		pools []lbv1.IPPool
		want  Requirement
		loose bool
		found string
	}{
		{"no scope admits nobody", []lbv1.IPPool{scoped("p", "", 0)}, Requirement{Namespace: "team"}, false, ""},
		{"the namespace fits", []lbv1.IPPool{scoped("p", "", 0, team)}, Requirement{Namespace: "team"}, false, "p"},
		{"another network does not", []lbv1.IPPool{scoped("p", "default/a", 0, all)}, Requirement{Network: "default/b"}, false, ""},
		{"the highest priority wins", []lbv1.IPPool{scoped("low", "", 1, all), scoped("high", "", 5, team)}, Requirement{Namespace: "team"}, false, "high"},
		{"the global one is the last resort", []lbv1.IPPool{global, scoped("p", "default/a", 0, all)}, Requirement{Namespace: "team"}, false, "global"},
		{"and ignores the network", []lbv1.IPPool{global}, Requirement{Network: "default/b"}, false, "global"},
		{"empty fields bind strictly", []lbv1.IPPool{scoped("p", "", 0, team)}, guest, false, ""},
		{"and loosely for guest clusters", []lbv1.IPPool{scoped("p", "", 0, team)}, guest, true, "p"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, ok := Select(test.pools, test.want, test.loose)
			assert.Equal(t, test.found != "", ok)
			if ok {
				assert.Equal(t, test.found, found.Name)
			}
		})
	}
}

func TestRequirementFallsBackToTheNamespace(t *testing.T) {
	lb := &lbv1.LoadBalancer{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Annotations: map[string]string{ClusterAnnotation: "guest"}}}
	assert.Equal(t, Requirement{Namespace: "team", Cluster: "guest"}, RequirementOf(lb))
	lb.Annotations[NamespaceAnnotation] = "other"
	assert.Equal(t, "other", RequirementOf(lb).Namespace)
}
