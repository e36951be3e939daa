package harvestercluster

import (
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// scope is what one reconcile of one cluster knows.
type scope struct {
	// infra is the object being reconciled; phases change it in memory, and it is written once at the end.
	infra *infrav1.HarvesterCluster
	// cluster owns it. Nil only during deletion, when there is none any more.
	cluster *clusterv1.Cluster
	// harvester is the connection. Nil until the connection phase has made it.
	harvester *harvesterclient.Connection
	// ports are those of the load balancer and of the endpoint. Empty until the endpoint phase has planned them.
	ports ports
	// made tells that this very reconcile made, or tried to make, something on Harvester.
	made bool
}

// clusterName is the name of the Cluster, which the label holds even when the Cluster is gone.
func (s *scope) clusterName() string {
	if s.cluster != nil {
		return s.cluster.Name
	}
	return s.infra.Labels[clusterv1.ClusterNameLabel]
}

// identity says whose cluster it is, for names and labels on Harvester.
func (s *scope) identity() names.Cluster {
	return names.ClusterOf(s.infra, s.infra.Namespace, s.clusterName())
}

// labels go on everything that is created for the cluster.
func (s *scope) labels() map[string]string {
	return s.identity().Labels()
}

// owns tells whether something was created for this cluster.
func (s *scope) owns(labels map[string]string) bool {
	return s.identity().Owns(labels)
}

// request is what the work queue calls this cluster.
func (s *scope) request() ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.infra)}
}

func (s *scope) targetNamespace() string { return s.infra.Spec.TargetNamespace }
