package harvestercluster

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

// measured is what metrics call the cluster.
func (s *scope) measured() observability.Cluster {
	return observability.Cluster{Namespace: s.infra.Namespace, Name: s.clusterName()}
}

// forgetMeasured ends the series of a HarvesterCluster that is gone or let go, whoever did it. One that has none does
// nothing.
func (r *Reconciler) forgetMeasured(key client.ObjectKey) {
	known, found := r.measured.LoadAndDelete(key)
	if cluster, ok := known.(observability.Cluster); found && ok {
		r.Metrics.ForgetCluster(cluster)
	}
}
