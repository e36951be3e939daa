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
type Store struct {
	client client.Client
	// known, when not nil, finds what holds addresses, to enter what a pool has lost.
	known Known
	// entered, when not nil, hears of every entry that was written because a pool had lost it.
	entered func(ctx context.Context, pool string, holding Holding)
}

// NewStore returns a Store that reads and writes with the given client, which must not read from a cache.
func NewStore(client client.Client) *Store { return &Store{client: client} }

// NewKnowingStore is NewStore for a Store that enters what pools have lost before they give anything, and tells entered,
// which may be nil, of each entry once it is written.
func NewKnowingStore(client client.Client, known Known, entered func(ctx context.Context, pool string, holding Holding)) *Store {
	return &Store{client: client, known: known, entered: entered}
}

// version is the pool's version: the object that was read, and what was entered into the pool since.
type version struct {
	object  *unstructured.Unstructured
	entered []Holding
}

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
	read, err := Decode(object)
	if err != nil || s.known == nil {
		return read, err
	}
	return s.complete(ctx, read, object)
}

// complete enters what the pool has lost: what the management cluster knows of, and, if the pool is blank or has lost
// something, what Harvester and everyone else knows of.
func (s *Store) complete(ctx context.Context, pool ipam.Pool, object *unstructured.Unstructured) (ipam.Pool, error) {
	suspect := blank(pool)
	known, err := s.known(ctx, suspect)
	if err != nil {
		return ipam.Pool{}, fmt.Errorf("find out who holds addresses of IPPool %q: %w", pool.Name, err)
	}
	entered := Complete(&pool, known)
	if len(entered) > 0 && !suspect {
		suspect = true
		if known, err = s.known(ctx, true); err != nil {
			return ipam.Pool{}, fmt.Errorf("find out who holds addresses of IPPool %q: %w", pool.Name, err)
		}
		entered = append(entered, Complete(&pool, known)...)
	}
	if suspect {
		others, err := harvesterHoldings(ctx, s.client, pool.Name)
		if err != nil {
			return ipam.Pool{}, err
		}
		entered = append(entered, Complete(&pool, others)...)
	}
	pool.Version = version{object: object, entered: entered}
	return pool, nil
}

// Update writes who holds which address into the object that Get read, and returns the pool as stored. It is
// ipam.ErrConflict when anybody wrote the object in between.
func (s *Store) Update(ctx context.Context, pool ipam.Pool) (ipam.Pool, error) {
	read, isRead := pool.Version.(version)
	if !isRead {
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
	for _, holding := range read.entered {
		if s.entered != nil && pool.Allocated[holding.Address] == holding.Owner {
			s.entered(ctx, pool.Name, holding)
		}
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
