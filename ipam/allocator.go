package ipam

import (
	"context"
	"errors"
	"net/netip"
)

type Option func(*Allocator)

type Allocator struct{ store Store }

func NewAllocator(store Store, opts ...Option) *Allocator { return &Allocator{store: store} }

func (a *Allocator) Allocate(ctx context.Context, req Request) (Lease, error) {
	return Lease{}, errors.ErrUnsupported
}

func (a *Allocator) Release(ctx context.Context, pool string, addr netip.Addr, owners ...string) error {
	return errors.ErrUnsupported
}

func (a *Allocator) Find(ctx context.Context, pools []string, owners ...string) (Lease, bool, error) {
	return Lease{}, false, errors.ErrUnsupported
}
