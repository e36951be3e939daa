package ippool

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// GroupVersionKind is that of Harvester's address pools.
var GroupVersionKind = schema.GroupVersionKind{Group: lbv1.GroupVersion.Group, Version: lbv1.GroupVersion.Version, Kind: "IPPool"}

// Store is an ipam.Store over the IPPools of one Harvester. It is safe for concurrent use.
type Store struct{ client client.Client }

// NewStore returns a Store that reads and writes with the given client, which must not read from a cache.
func NewStore(client client.Client) *Store { return &Store{client: client} }

var _ ipam.Store = (*Store)(nil)

// Get reads a pool as it is now. A pool that does not exist, or that is being deleted, is ipam.ErrPoolNotFound; one
// whose ranges cannot be read is ipam.ErrInvalidRange.
func (s *Store) Get(ctx context.Context, pool string) (ipam.Pool, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(GroupVersionKind)
	if err := s.client.Get(ctx, client.ObjectKey{Name: pool}, object); err != nil {
		return ipam.Pool{}, poolError("read", pool, err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		return ipam.Pool{}, fmt.Errorf("%w: IPPool %q is being deleted", ipam.ErrPoolNotFound, pool)
	}
	return Decode(object)
}

// Update writes who holds which address into the object that Get read, and returns the pool as stored. It is
// ipam.ErrConflict when anybody wrote the object in between.
func (s *Store) Update(ctx context.Context, pool ipam.Pool) (ipam.Pool, error) {
	if _, read := pool.Version.(*unstructured.Unstructured); !read {
		if _, err := s.Get(ctx, pool.Name); err != nil {
			return ipam.Pool{}, err
		}
		return ipam.Pool{}, fmt.Errorf("%w: IPPool %q was not read from this store", ipam.ErrConflict, pool.Name)
	}
	object, err := encode(pool)
	if err != nil {
		return ipam.Pool{}, err
	}
	if err := s.client.Update(ctx, object); err != nil {
		return ipam.Pool{}, poolError("write", pool.Name, err)
	}
	return Decode(object)
}

func poolError(verb, pool string, err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: IPPool %q does not exist on Harvester", ipam.ErrPoolNotFound, pool)
	case apierrors.IsConflict(err) && verb == "write":
		return errors.Join(ipam.ErrConflict, fmt.Errorf("IPPool %q", pool))
	default:
		return fmt.Errorf("%s IPPool %q: %w", verb, pool, err)
	}
}
