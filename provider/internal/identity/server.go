package identity

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// serverNamespace is the namespace whose UID tells one Harvester from another: every Kubernetes cluster has it from its
// first start until its end, and its API server refuses to delete it.
const serverNamespace = metav1.NamespaceSystem

// identified is the Harvester that a connection leads to.
type identified struct {
	connection *harvesterclient.Connection
	// uid is empty where the identity may not read it.
	uid string
}

// serverUID reads which Harvester answers, once for each connection. It is empty where the identity may not know.
func (r *Resolver) serverUID(ctx context.Context, connection *harvesterclient.Connection) (string, error) {
	r.mu.Lock()
	known := r.harvesters[connection.Identity()]
	r.mu.Unlock()
	if known.connection == connection {
		return known.uid, nil
	}
	namespace := &corev1.Namespace{}
	err := connection.Client().Get(ctx, client.ObjectKey{Name: serverNamespace}, namespace)
	if err != nil && !apierrors.IsForbidden(err) {
		return "", fmt.Errorf("read which Harvester answers (namespace %s): %w", serverNamespace, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.harvesters[connection.Identity()] = identified{connection: connection, uid: string(namespace.UID)}
	return string(namespace.UID), nil
}

// verified gives the connection if it leads to the Harvester that the object is pinned to.
func (r *Resolver) verified(ctx context.Context, connection *harvesterclient.Connection, object client.Object) (*harvesterclient.Connection, error) {
	seen, err := r.serverUID(ctx, connection)
	if err != nil {
		return nil, err
	}
	if err := judgeServer(object.GetAnnotations(), seen); err != nil {
		return nil, fmt.Errorf("identity Secret %s: %w", connection.Identity(), err)
	}
	return connection, nil
}

// judgeServer decides whether the Harvester that answers, whose UID was seen, is the one that an object with these
// annotations is on: phase.ErrOtherHarvester if it is not, or if that cannot be told any more. An object that is not pinned
// may use any. Pure.
func judgeServer(annotations map[string]string, seen string) error {
	pinned := annotations[infrav1.HarvesterUIDAnnotation]
	switch {
	case pinned == "" || pinned == seen:
		return nil
	case seen == "":
		return fmt.Errorf("%w: the identity may not read namespace %s, so that it cannot be told whether this is Harvester %s; grant it get on namespaces",
			phase.ErrOtherHarvester, serverNamespace, pinned)
	case annotations[infrav1.ConfirmHarvesterAnnotation] == seen:
		return nil
	default:
		return fmt.Errorf("%w: Harvester %s answers, but what was made is on Harvester %s; correct the Secret, or, if this is the right one, set the annotation %s=%s",
			phase.ErrOtherHarvester, seen, pinned, infrav1.ConfirmHarvesterAnnotation, seen)
	}
}

// Pin records on the object, in memory, which Harvester it is on. Call it with what Connect or ConnectPool returned for the
// object; store the object afterwards. It makes no request that Connect has not made.
func (r *Resolver) Pin(ctx context.Context, connection *harvesterclient.Connection, object client.Object) error {
	seen, err := r.serverUID(ctx, connection)
	if err != nil || seen == "" {
		return err
	}
	annotations := object.GetAnnotations()
	if annotations[infrav1.HarvesterUIDAnnotation] == seen && annotations[infrav1.ConfirmHarvesterAnnotation] != seen {
		return nil
	}
	pinned := map[string]string{}
	for key, value := range annotations {
		pinned[key] = value
	}
	pinned[infrav1.HarvesterUIDAnnotation] = seen
	if pinned[infrav1.ConfirmHarvesterAnnotation] == seen {
		delete(pinned, infrav1.ConfirmHarvesterAnnotation)
	}
	object.SetAnnotations(pinned)
	return nil
}
