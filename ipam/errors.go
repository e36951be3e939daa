package ipam

import (
	"errors"
	"fmt"
	"strings"
)

// The ways in which this package refuses. They are wrapped with the pool, the owner and the reason; test for them with
// [errors.Is].
var (
	// ErrExhausted says that at least one pool was eligible and that every eligible pool is full.
	ErrExhausted = errors.New("address pools exhausted")
	// ErrNoEligiblePool says that no candidate pool could serve the request at all: none named, none found, all on
	// another network, or none with usable ranges.
	ErrNoEligiblePool = errors.New("no eligible address pool")
	// ErrUnavailable says that the one address asked for cannot be given: another owner holds it, it is a gateway, or
	// the owner already holds a different one.
	ErrUnavailable = errors.New("requested address is unavailable")
	// ErrConflict is what a [Store] answers to a write based on a stale read. An [Allocator] returns it only after
	// its bounded number of attempts.
	ErrConflict = errors.New("pool was changed by another writer")
	// ErrInvalidRange says that a range breaks one of the rules of [ParseRange].
	ErrInvalidRange = errors.New("invalid address range")
	// ErrInvalidRequest says that a request lacks an owner.
	ErrInvalidRequest = errors.New("invalid address request")
	// ErrNotOwner says that a release named an address which someone else holds.
	ErrNotOwner = errors.New("address is held by another owner")
	// ErrPoolNotFound is what a [Store] answers for a pool it does not have.
	ErrPoolNotFound = errors.New("address pool not found")
)

// PoolError says why one pool did not serve a request.
type PoolError struct {
	// Pool is the pool's name.
	Pool string
	// Err is the reason; it wraps one of the sentinels of this package.
	Err error
}

// Error names the pool and the reason.
func (e PoolError) Error() string { return fmt.Sprintf("pool %q: %v", e.Pool, e.Err) }

// Unwrap returns the reason.
func (e PoolError) Unwrap() error { return e.Err }

// AllocationError says why no candidate pool served a request, pool by pool in the order in which they were tried.
// It is ErrExhausted if any pool was eligible but full, else ErrUnavailable if an explicit address was refused, else
// ErrNoEligiblePool; the reasons of the pools can be tested for as well.
type AllocationError struct {
	// Owner is the request's owner.
	Owner string
	// Pools holds one entry per candidate pool.
	Pools []PoolError
}

// Error names every pool and why it could not serve.
func (e *AllocationError) Error() string {
	text := make([]string, 0, len(e.Pools))
	for _, pool := range e.Pools {
		text = append(text, pool.Error())
	}
	if len(text) == 0 {
		text = append(text, "the request names no pool")
	}
	return fmt.Sprintf("no address for %q: %v: %s", e.Owner, e.kind(), strings.Join(text, "; "))
}

// Unwrap returns the summary sentinel first, then the reason of each pool.
func (e *AllocationError) Unwrap() []error {
	wrapped := []error{e.kind()}
	for _, pool := range e.Pools {
		wrapped = append(wrapped, pool.Err)
	}
	return wrapped
}

func (e *AllocationError) kind() error {
	for _, kind := range []error{ErrExhausted, ErrUnavailable} {
		for _, pool := range e.Pools {
			if errors.Is(pool.Err, kind) {
				return kind
			}
		}
	}
	return ErrNoEligiblePool
}

// rejects tells a pool's own refusal, after which the next pool is tried, from a failure to reach the pool, after which
// trying another one could give the owner a second address.
func rejects(err error) bool {
	for _, refusal := range []error{ErrExhausted, ErrNoEligiblePool, ErrUnavailable, ErrInvalidRange, ErrPoolNotFound} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// inPool names the pool in an error, once.
func inPool(pool string, err error) PoolError {
	var named PoolError
	if errors.As(err, &named) {
		return named
	}
	return PoolError{Pool: pool, Err: err}
}
