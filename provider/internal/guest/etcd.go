package guest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/cluster-api/util/secret"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// Leaving names the machine whose etcd member has to leave.
type Leaving struct {
	// Cluster is the Cluster object in the management cluster.
	Cluster client.ObjectKey
	// Node is the Node of the machine that goes.
	Node string
	// ControlPlaneKind is the kind of the cluster's control plane object, which tells how etcd runs.
	ControlPlaneKind string
	// DesiredVoters is how many control-plane machines there are to be; 0 when unknown.
	DesiredVoters int
}

// EtcdClusters gives access to the API servers of guest clusters; Cluster API's ClusterCache implements it.
type EtcdClusters interface {
	GetRESTConfig(ctx context.Context, cluster client.ObjectKey) (*rest.Config, error)
}

// ErrEtcdBusy says that another machine of the same cluster is leaving etcd at this moment. Try again later.
var ErrEtcdBusy = errors.New("another machine of the cluster is leaving etcd at this moment")

// Etcd sees to it that etcd members of leaving machines are gone, one machine of a cluster at a time. It is safe for
// concurrent use.
type Etcd struct {
	// Clusters reaches the guests.
	Clusters EtcdClusters
	// Secrets reads, live, the etcd CA that the control-plane provider keeps in the management cluster.
	Secrets client.Reader

	// busy holds the clusters (client.ObjectKey) that a machine is leaving.
	busy sync.Map
}

// Leave observes etcd, decides, and does what the plan says, by the best way that is there, until there is nothing more
// to do at once. acted tells whether a removal was tried. ErrUnreachable means that the guest cluster cannot be asked,
// ErrEtcdBusy that its turn has not come; the errors of etcdops.TakeOut are returned as they are.
func (e *Etcd) Leave(ctx context.Context, leaving Leaving) (plan etcdops.Plan, acted bool, err error) {
	flavor, known := flavors[leaving.ControlPlaneKind]
	if !known {
		return etcdops.Plan{Action: etcdops.ActionNone,
			Reason: fmt.Sprintf("the etcd of a control plane of kind %q is left to its own provider", leaving.ControlPlaneKind)}, false, nil
	}
	if _, taken := e.busy.LoadOrStore(leaving.Cluster, leaving.Node); taken {
		return etcdops.Plan{}, false, fmt.Errorf("%w: cluster %s", ErrEtcdBusy, leaving.Cluster)
	}
	defer e.busy.Delete(leaving.Cluster)

	routes, err := e.routes(ctx, leaving, flavor)
	if err != nil {
		return etcdops.Plan{}, false, err
	}
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	result, err := etcdops.TakeOut(ctx, routes, etcdops.Departure{
		Node: leaving.Node, Flavor: flavor, DesiredVoters: leaving.DesiredVoters,
	})
	log.FromContext(ctx).V(1).Info("Asked etcd", "node", leaving.Node, "way", result.Way, "plan", result.Plan.Action,
		"reason", result.Plan.Reason, "acted", result.Acted, "passed", errors.Join(result.Passed...))
	if err != nil {
		return result.Plan, result.Acted, fmt.Errorf("etcd of cluster %s: %w", leaving.Cluster, err)
	}
	return result.Plan, result.Acted, nil
}

// flavors say how the members are named, by the kind of the control plane. Of other kinds nothing is known.
var flavors = map[string]etcdops.Flavor{
	"RKE2ControlPlane":    etcdops.RKE2,
	"KubeadmControlPlane": etcdops.Kubeadm,
}

// routes finds the ways to the guest's etcd.
func (e *Etcd) routes(ctx context.Context, leaving Leaving, flavor etcdops.Flavor) ([]etcdops.Route, error) {
	config, err := e.Clusters.GetRESTConfig(ctx, leaving.Cluster)
	if err != nil {
		return nil, accessError(leaving.Cluster, err)
	}
	guest := etcdops.Guest{REST: config, Flavor: flavor}
	if guest.CACert, guest.CAKey, err = e.authority(ctx, leaving.Cluster); err != nil {
		return nil, err
	}
	routes, _, err := guest.Routes(ctx, leaving.Node)
	if err != nil {
		return nil, accessError(leaving.Cluster, err)
	}
	return routes, nil
}

// authority reads the cluster's etcd CA. A cluster without that Secret is reached by the ways that need none.
func (e *Etcd) authority(ctx context.Context, cluster client.ObjectKey) (certificate, key []byte, err error) {
	authority := &corev1.Secret{}
	name := client.ObjectKey{Namespace: cluster.Namespace, Name: secret.Name(cluster.Name, secret.EtcdCA)}
	err = e.Secrets.Get(ctx, name, authority)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read etcd CA Secret %s: %w", name, err)
	}
	return authority.Data[secret.TLSCrtDataName], authority.Data[secret.TLSKeyDataName], nil
}
