package guest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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
	// Machine is whose etcd member has to leave.
	Machine client.ObjectKey
	// Wake is called, from a goroutine of its own, once there is an answer to fetch. May be nil.
	Wake func()
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

// ErrEtcdAsking says that etcd is being asked; Leaving.Wake tells when there is an answer.
var ErrEtcdAsking = errors.New("etcd is being asked")

const (
	// lookTimeout bounds each look at etcd by one way, and requestTimeout each request of it: one member that is dead must
	// not use up the look.
	lookTimeout, requestTimeout = 5 * time.Second, 2 * time.Second
	// MaxAttempt bounds all that is done between two answers: looks by every way, and RKE2's answer to a removal.
	MaxAttempt = 30 * time.Second
	// maxAnswerAge is how old an answer may be that nobody fetched.
	maxAnswerAge = 30 * time.Second
)

// Etcd sees to it that etcd members of leaving machines are gone, one machine of a cluster at a time. A workload cluster is
// asked apart from the caller: one whose API server hangs holds up nobody. It is safe for concurrent use.
type Etcd struct {
	// Clusters reaches the workload clusters.
	Clusters EtcdClusters
	// Secrets reads, live, the etcd CA that the control-plane provider keeps in the management cluster.
	Secrets client.Reader

	mu sync.Mutex
	// attempts are the one of each cluster that is under way, or whose answer has not been fetched.
	attempts map[client.ObjectKey]*attempt
}

// attempt is one round of asking, and then its answer.
type attempt struct {
	machine client.ObjectKey
	node    string
	// done is when there was an answer; zero before.
	done  time.Time
	plan  etcdops.Plan
	acted bool
	err   error
}

// Leave observes etcd, decides, and does what the plan says, by the best way that is there, until there is nothing more
// to do at once. It does not wait for that: the first call starts it and is ErrEtcdAsking, and the one after Leaving.Wake
// has the answer. acted tells whether a removal was tried. ErrUnreachable means that the workload cluster cannot be asked,
// ErrEtcdBusy that its turn has not come; the errors of etcdops.TakeOut are returned as they are.
func (e *Etcd) Leave(ctx context.Context, leaving Leaving) (plan etcdops.Plan, acted bool, err error) {
	flavor, known := flavors[leaving.ControlPlaneKind]
	if !known {
		return etcdops.Plan{Action: etcdops.ActionNone,
			Reason: fmt.Sprintf("the etcd of a control plane of kind %q is left to its own provider", leaving.ControlPlaneKind)}, false, nil
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	current := e.attempts[leaving.Cluster]
	switch {
	case current == nil || (!current.done.IsZero() && time.Since(current.done) > maxAnswerAge):
	case current.machine == leaving.Machine && current.node == leaving.Node && !current.done.IsZero():
		delete(e.attempts, leaving.Cluster)
		return current.plan, current.acted, current.err
	case current.machine == leaving.Machine && current.done.IsZero():
		return etcdops.Plan{}, false, fmt.Errorf("%w: cluster %s", ErrEtcdAsking, leaving.Cluster)
	case current.done.IsZero():
		return etcdops.Plan{}, false, fmt.Errorf("%w: cluster %s", ErrEtcdBusy, leaving.Cluster)
	}

	started := &attempt{machine: leaving.Machine, node: leaving.Node}
	if e.attempts == nil {
		e.attempts = map[client.ObjectKey]*attempt{}
	}
	e.attempts[leaving.Cluster] = started
	go e.try(context.WithoutCancel(ctx), leaving, flavor, started)
	return etcdops.Plan{}, false, fmt.Errorf("%w: cluster %s", ErrEtcdAsking, leaving.Cluster)
}

// try makes one attempt and leaves its answer.
func (e *Etcd) try(ctx context.Context, leaving Leaving, flavor etcdops.Flavor, into *attempt) {
	ctx, cancel := context.WithTimeout(ctx, MaxAttempt)
	defer cancel()
	plan, acted, err := e.takeOut(ctx, leaving, flavor)

	e.mu.Lock()
	into.plan, into.acted, into.err, into.done = plan, acted, err, time.Now()
	e.mu.Unlock()
	if leaving.Wake != nil {
		leaving.Wake()
	}
}

func (e *Etcd) takeOut(ctx context.Context, leaving Leaving, flavor etcdops.Flavor) (etcdops.Plan, bool, error) {
	routes, err := e.routes(ctx, leaving, flavor)
	if err != nil {
		return etcdops.Plan{}, false, err
	}
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	result, err := etcdops.TakeOut(ctx, routes, etcdops.Departure{
		Node: leaving.Node, Flavor: flavor, DesiredVoters: leaving.DesiredVoters, LookTimeout: lookTimeout,
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
	guest := etcdops.Guest{REST: config, Flavor: flavor, RequestTimeout: requestTimeout}
	if guest.CACert, guest.CAKey, err = e.authority(ctx, leaving.Cluster); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
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
