package identity

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// Resolver finds the connection for a HarvesterCluster. It is safe for concurrent use.
type Resolver struct {
	// metadata reads the metadata of Secrets from the manager's cache.
	metadata client.Reader
	// live reads whole Secrets from the API server.
	live        client.Reader
	connections *harvesterclient.Connections

	mu    sync.Mutex
	known map[client.ObjectKey]content
	// servers are where the identities lead that were connected.
	servers map[client.ObjectKey]string
	// harvesters are the Harvesters that the connections lead to.
	harvesters map[client.ObjectKey]identified
}

// content is one version of an identity Secret.
type content struct {
	uid             types.UID
	resourceVersion string
	kubeconfig      []byte
	// selector matches what those may have made on Harvester who may use the Secret.
	selector labels.Selector
}

// NewResolver returns a Resolver. metadata serves PartialObjectMetadata of Secrets from a cache; live does not cache.
func NewResolver(metadata, live client.Reader, connections *harvesterclient.Connections) *Resolver {
	return &Resolver{metadata: metadata, live: live, connections: connections, known: map[client.ObjectKey]content{}, servers: map[client.ObjectKey]string{}, harvesters: map[client.ObjectKey]identified{}}
}

// Key is the identity of a HarvesterCluster: its Secret. Clusters with the same key share a connection.
func Key(cluster *infrav1.HarvesterCluster) client.ObjectKey {
	return client.ObjectKey{Namespace: cluster.Spec.IdentitySecret.Namespace, Name: cluster.Spec.IdentitySecret.Name}
}

// PoolKey is the identity of a HarvesterIPPool.
func PoolKey(pool *infrav1.HarvesterIPPool) client.ObjectKey {
	return client.ObjectKey{Namespace: pool.Spec.IdentitySecret.Namespace, Name: pool.Spec.IdentitySecret.Name}
}

// Abandoned tells whether the user has said that the cluster's Harvester is gone for good. It only counts when Harvester
// cannot be reached.
func Abandoned(cluster *infrav1.HarvesterCluster) bool {
	return cluster.Annotations[infrav1.AbandonHarvesterAnnotation] == "true"
}

// Connect returns the connection for the cluster. A Secret that is missing or lacks its key is
// phase.ErrIdentitySecretNotFound, one in another namespace that does not allow the cluster's
// phase.ErrIdentityNotAllowed; a kubeconfig that cannot be used is harvesterclient.ErrInvalidKubeconfig, and one that leads
// to another Harvester than the one that the cluster is pinned to is phase.ErrOtherHarvester.
func (r *Resolver) Connect(ctx context.Context, cluster *infrav1.HarvesterCluster) (*harvesterclient.Connection, error) {
	connection, err := r.connect(ctx, Key(cluster), cluster.Namespace)
	if err != nil {
		return nil, err
	}
	return r.verified(ctx, connection, cluster)
}

// ConnectPool is Connect for a HarvesterIPPool.
func (r *Resolver) ConnectPool(ctx context.Context, pool *infrav1.HarvesterIPPool) (*harvesterclient.Connection, error) {
	connection, err := r.connect(ctx, PoolKey(pool), pool.Namespace)
	if err != nil {
		return nil, err
	}
	return r.verified(ctx, connection, pool)
}

// connect uses the Secret key on behalf of an object in a namespace.
func (r *Resolver) connect(ctx context.Context, key client.ObjectKey, namespace string) (*harvesterclient.Connection, error) {
	secret, err := r.read(ctx, key, namespace)
	if err != nil {
		return nil, err
	}
	connection, err := r.connections.GetSelected(ctx, key, secret.kubeconfig, secret.selector)
	if err != nil {
		return nil, fmt.Errorf("identity Secret %s: %w", key, err)
	}
	r.mu.Lock()
	r.servers[key] = connection.RESTConfig().Host
	r.mu.Unlock()
	return connection, nil
}

// Server is the address of the server that an identity led to when it was connected last; empty if it never was. It makes
// no request.
func (r *Resolver) Server(key client.ObjectKey) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.servers[key]
}

// Expiry tells when the credentials of the cluster's identity stop working, if they say so themselves. Errors are those
// of Connect.
func (r *Resolver) Expiry(ctx context.Context, cluster *infrav1.HarvesterCluster) (expiry time.Time, known bool, err error) {
	secret, err := r.read(ctx, Key(cluster), cluster.Namespace)
	if err != nil {
		return time.Time{}, false, err
	}
	return harvesterclient.CredentialsExpiry(secret.kubeconfig)
}

// Forget closes the connection of an identity that no cluster uses any more.
func (r *Resolver) Forget(key client.ObjectKey) {
	r.mu.Lock()
	delete(r.known, key)
	delete(r.servers, key)
	delete(r.harvesters, key)
	r.mu.Unlock()
	r.connections.Close(key)
}

// read gives what the Secret holds now, for an object in a namespace.
func (r *Resolver) read(ctx context.Context, key client.ObjectKey, namespace string) (content, error) {
	version := secretMetadata()
	if err := r.metadata.Get(ctx, key, version); err != nil {
		return content{}, secretError(key, err)
	}
	if !Allows(version, namespace) {
		return content{}, fmt.Errorf("%w: Secret %s may not be used from namespace %s; let its owner add the namespace to its annotation %s",
			phase.ErrIdentityNotAllowed, key, namespace, infrav1.AllowedNamespacesAnnotation)
	}
	r.mu.Lock()
	known, found := r.known[key]
	r.mu.Unlock()
	if found && known.uid == version.UID && known.resourceVersion == version.ResourceVersion {
		return known, nil
	}
	secret := &corev1.Secret{}
	if err := r.live.Get(ctx, key, secret); err != nil {
		return content{}, secretError(key, err)
	}
	kubeconfig := secret.Data[infrav1.IdentitySecretKey]
	if len(kubeconfig) == 0 {
		return content{}, fmt.Errorf("%w: Secret %s has no key %q; put Harvester's kubeconfig there",
			phase.ErrIdentitySecretNotFound, key, infrav1.IdentitySecretKey)
	}
	known = content{uid: secret.UID, resourceVersion: secret.ResourceVersion, kubeconfig: kubeconfig, selector: selectorFor(secret)}
	r.mu.Lock()
	r.known[key] = known
	r.mu.Unlock()
	return known, nil
}

// Allows tells whether an object may be used from a namespace: from its own, and from those that its annotation lists.
func Allows(object metav1.Object, namespace string) bool {
	allowed := allowedNamespaces(object)
	return allowed.Has(namespace) || allowed.Has(allNamespaces)
}

// allNamespaces in the annotation allows every namespace.
const allNamespaces = "*"

func allowedNamespaces(object metav1.Object) sets.Set[string] {
	allowed := sets.New(object.GetNamespace())
	for namespace := range strings.SplitSeq(object.GetAnnotations()[infrav1.AllowedNamespacesAnnotation], ",") {
		if namespace = strings.TrimSpace(namespace); namespace != "" {
			allowed.Insert(namespace)
		}
	}
	return allowed
}

// selectorFor matches what is made on Harvester, for clusters of the namespaces that an identity Secret may be used from.
// Without it each of many identities on one Harvester would hold the machines of all. Pure.
func selectorFor(secret metav1.Object) labels.Selector {
	ours := labels.SelectorFromSet(labels.Set{infrav1.ManagedByLabel: infrav1.ManagedByValue})
	allowed := allowedNamespaces(secret)
	if allowed.Has(allNamespaces) {
		return ours
	}
	requirement, err := labels.NewRequirement(infrav1.ClusterNamespaceLabel, selection.In, sets.List(allowed))
	if err != nil {
		return ours // What is no name of a namespace is not a value of a label either, and allows none.
	}
	return ours.Add(*requirement)
}

func secretError(key client.ObjectKey, err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: create Secret %s with Harvester's kubeconfig under the key %q",
			phase.ErrIdentitySecretNotFound, key, infrav1.IdentitySecretKey)
	}
	return fmt.Errorf("read identity Secret %s: %w", key, err)
}
