package guest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/cluster-api/util/secret"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

const (
	// etcdNamespace is where RKE2 and kubeadm run etcd as static pods, named etcd-<node>.
	etcdNamespace = "kube-system"
	etcdPodPrefix = "etcd-"
	// etcdPort serves clients.
	etcdPort = 2379
	// etcdServerName is the name that etcd's server certificates hold when reached by a port-forward.
	etcdServerName = "localhost"
	// maxSteps bounds how many changes one call makes: hand over leadership, then remove, then look again.
	maxSteps = 4
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

// EtcdClusters gives access to guest clusters below the level of objects; Cluster API's ClusterCache implements it.
type EtcdClusters interface {
	GetUncachedClient(ctx context.Context, cluster client.ObjectKey) (client.Client, error)
	GetRESTConfig(ctx context.Context, cluster client.ObjectKey) (*rest.Config, error)
}

// Etcd sees to it that etcd members of leaving machines are gone.
type Etcd struct {
	// Clusters reaches the guests.
	Clusters EtcdClusters
	// Secrets reads, live, the etcd CA that the control-plane provider keeps in the management cluster.
	Secrets client.Reader
}

// Leave observes etcd, decides, and does what the plan says, until there is nothing more to do at once. acted tells
// whether a removal was tried. ErrUnreachable means that the guest cluster cannot be asked.
func (e *Etcd) Leave(ctx context.Context, leaving Leaving) (plan etcdops.Plan, acted bool, err error) {
	flavor, known := flavors[leaving.ControlPlaneKind]
	if !known {
		return etcdops.Plan{Action: etcdops.ActionNone,
			Reason: fmt.Sprintf("the etcd of a control plane of kind %q is left to its own provider", leaving.ControlPlaneKind)}, false, nil
	}
	etcd, err := e.dial(ctx, leaving)
	if err != nil {
		return etcdops.Plan{}, false, err
	}
	defer func() { _ = etcd.Close() }()
	for range maxSteps {
		snapshot, err := etcd.Observe(ctx)
		if err != nil {
			return etcdops.Plan{}, acted, fmt.Errorf("observe etcd of cluster %s: %w", leaving.Cluster, err)
		}
		snapshot.LeavingNode, snapshot.Flavor, snapshot.DesiredVoters = leaving.Node, flavor, leaving.DesiredVoters
		plan = etcdops.Decide(snapshot)
		switch plan.Action {
		case etcdops.ActionMoveLeader:
		case etcdops.ActionRemoveMember:
			acted = true
		default:
			return plan, acted, nil
		}
		if err := etcd.Execute(ctx, plan); err != nil {
			return plan, acted, err
		}
	}
	return plan, acted, nil
}

// flavors say how the members are named, by the kind of the control plane. Of other kinds nothing is known.
var flavors = map[string]etcdops.Flavor{
	"RKE2ControlPlane":    etcdops.RKE2,
	"KubeadmControlPlane": etcdops.Kubeadm,
}

// dial prepares a client that reaches every etcd pod of the guest by a port-forward.
func (e *Etcd) dial(ctx context.Context, leaving Leaving) (*etcdops.Client, error) {
	guest, err := e.Clusters.GetUncachedClient(ctx, leaving.Cluster)
	if err != nil {
		return nil, accessError(leaving.Cluster, err)
	}
	config, err := e.Clusters.GetRESTConfig(ctx, leaving.Cluster)
	if err != nil {
		return nil, accessError(leaving.Cluster, err)
	}
	pods := &corev1.PodList{}
	if err := guest.List(ctx, pods, client.InNamespace(etcdNamespace)); err != nil {
		return nil, accessError(leaving.Cluster, err)
	}
	found := etcdPods(pods.Items, leaving.Node)
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: cluster %s runs no etcd pod", ErrUnreachable, leaving.Cluster)
	}
	certificate, err := e.certificate(ctx, leaving.Cluster)
	if err != nil {
		return nil, err
	}
	routes := make(map[string]etcdops.DialFunc, len(found))
	endpoints := make([]string, 0, len(found))
	for _, pod := range found {
		routes[pod] = etcdops.PortForwardDialer(config, etcdNamespace, pod, etcdPort)
		endpoints = append(endpoints, "https://"+net.JoinHostPort(pod, strconv.Itoa(etcdPort)))
	}
	certificate.Dialer, certificate.Endpoints = etcdops.RouteByHost(routes), endpoints
	return etcdops.Dial(ctx, certificate)
}

// etcdPods names the etcd pods, that of the leaving node last: it may be half gone.
func etcdPods(pods []corev1.Pod, leaving string) []string {
	var found []string
	for _, pod := range pods {
		if strings.HasPrefix(pod.Name, etcdPodPrefix) && pod.Name == etcdPodPrefix+pod.Spec.NodeName {
			found = append(found, pod.Name)
		}
	}
	slices.Sort(found)
	last := etcdPodPrefix + leaving
	slices.SortStableFunc(found, func(a, b string) int {
		switch {
		case a == last && b != last:
			return 1
		case b == last && a != last:
			return -1
		default:
			return 0
		}
	})
	return found
}

// certificate makes a client certificate from the cluster's etcd CA.
func (e *Etcd) certificate(ctx context.Context, cluster client.ObjectKey) (etcdops.Config, error) {
	authority := &corev1.Secret{}
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: secret.Name(cluster.Name, secret.EtcdCA)}
	if err := e.Secrets.Get(ctx, key, authority); err != nil {
		return etcdops.Config{}, fmt.Errorf("read etcd CA Secret %s: %w", key, err)
	}
	tls, err := etcdops.ClientCertificate(authority.Data[secret.TLSCrtDataName], authority.Data[secret.TLSKeyDataName],
		etcdops.CertificateOptions{ServerName: etcdServerName})
	if err != nil {
		return etcdops.Config{}, fmt.Errorf("etcd CA Secret %s: %w", key, err)
	}
	return etcdops.Config{TLS: tls}, nil
}
