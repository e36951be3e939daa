package harvestercluster

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// Roles that Harvester ships for a guest cluster's components (its chart's templates/rbac.yaml, v1.8.0).
const (
	cloudProviderRole = "harvesterhci.io:cloudprovider"
	storageDriverRole = "harvesterhci.io:csi-driver"
)

// tokenRecheck is how soon a token is looked for again where its Secret may not be watched.
const tokenRecheck = 5 * time.Second

// cloudProviderKubeconfig makes sure of the account, its rights and its token, and returns the kubeconfig for the guest; or,
// while Harvester has not issued the token, the Secret that it will put it into.
func (r *Reconciler) cloudProviderKubeconfig(ctx context.Context, s *scope) (kubeconfig []byte, pending *corev1.Secret, err error) {
	server, err := cloudProviderServer(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	for _, wanted := range cloudProviderAccess(s) {
		if err := ensureOurs(ctx, s, wanted); err != nil {
			return nil, nil, err
		}
	}
	secret := tokenSecret(s.inTarget(s.identity().CloudProviderToken()), s.cloudProviderAccount())
	if err := ensureOurs(ctx, s, secret); err != nil {
		return nil, nil, err
	}
	token, authority, issued := tokenOf(secret)
	if !issued {
		return nil, secret, nil
	}
	kubeconfig, err = guestKubeconfig(server, s.targetNamespace(), token, authority)
	return kubeconfig, nil, err
}

// cloudProviderServer is the URL by which the guest reaches Harvester. The one in the identity's kubeconfig will not do:
// it may be a path of Rancher's, which takes no tokens of service accounts, or one that only this cluster can reach.
func cloudProviderServer(ctx context.Context, s *scope) (string, error) {
	if server := s.infra.Annotations[infrav1.CloudProviderServerAnnotation]; server != "" {
		return server, nil
	}
	address, err := harvesterclient.ManagementAddress(ctx, s.harvester.Client())
	if err != nil {
		return "", fmt.Errorf("find Harvester's management address (set the annotation %s to name another): %w",
			infrav1.CloudProviderServerAnnotation, err)
	}
	return "https://" + net.JoinHostPort(address.String(), "6443"), nil
}

// cloudProviderAccess are the account and its bindings: the cloud provider's role within the namespace of the VMs only, and
// the storage driver's over the cluster, since it reads storage classes and settings.
func cloudProviderAccess(s *scope) []client.Object {
	name := s.cloudProviderAccount()
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: s.targetNamespace(), Name: name}}
	role := func(name string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}
	}
	return []client.Object{
		&corev1.ServiceAccount{ObjectMeta: s.inTarget(name)},
		&rbacv1.RoleBinding{ObjectMeta: s.inTarget(name), Subjects: subjects, RoleRef: role(cloudProviderRole)},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: names.ClusterBinding(s.targetNamespace(), name), Labels: s.labels()},
			Subjects:   subjects, RoleRef: role(storageDriverRole),
		},
	}
}

func (s *scope) cloudProviderAccount() string {
	return s.identity().CloudProvider()
}

func (s *scope) inTarget(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.targetNamespace(), Name: name, Labels: s.labels()}
}

// ensureOurs creates an object unless it is there, and fills in what is there then. One that is not this cluster's is not
// used.
func ensureOurs(ctx context.Context, s *scope, object client.Object) error {
	key, kind := client.ObjectKeyFromObject(object), fmt.Sprintf("%T", object)
	wanted, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%s cannot be created", kind)
	}
	err := s.harvester.Client().Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		s.made = true
		if err := s.harvester.Client().Create(ctx, wanted); err != nil {
			return fmt.Errorf("create %s %s on Harvester: %w", kind, key, err)
		}
		reflect.ValueOf(object).Elem().Set(reflect.ValueOf(wanted).Elem())
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s %s on Harvester: %w", kind, key, err)
	}
	if !s.owns(object.GetLabels()) {
		return fmt.Errorf("%w: %s %s on Harvester exists and is not this cluster's; delete or rename it", phase.ErrForeign, kind, key)
	}
	return nil
}

// deleteCloudProviderAccess takes the guest's account on Harvester away, with all its rights. The order matters to nobody;
// what is not this cluster's stays.
func (r *Reconciler) deleteCloudProviderAccess(ctx context.Context, s *scope) phase.Outcome {
	objects := append(cloudProviderAccess(s),
		tokenSecret(s.inTarget(s.identity().CloudProviderToken()), s.cloudProviderAccount()))
	for _, object := range objects {
		if err := deleteOurs(ctx, s, object); err != nil {
			return failed("take back the cloud provider's rights", err)
		}
	}
	return phase.Unchanged()
}

func deleteOurs(ctx context.Context, s *scope, object client.Object) error {
	key := client.ObjectKeyFromObject(object)
	err := s.harvester.Client().Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %T %s: %w", object, key, err)
	}
	if !s.owns(object.GetLabels()) {
		return nil
	}
	err = s.harvester.Client().Delete(ctx, object, write.Exactly(object))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %T %s: %w", object, key, err)
	}
	return nil
}
