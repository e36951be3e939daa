package ipam

import (
	"context"
	"sync"
	"time"
)

const (
	// longestTurn is how long one Allocator keeps the others waiting.
	longestTurn = 2 * time.Second
	// longestWait is how long one waits for its turn.
	longestWait = 10 * time.Second
)

// Turns has several Allocators of one process read and write a pool one after the other, so that they do not lose their
// writes to each other: Allocators that have one store but not one access to it, as with an identity for each tenant.
// Without Turns they are as safe, by the store's compare and swap, but each lost write costs a read and a write more.
//
// An Allocator whose store is slow, or does not answer, loses its turn after two seconds, and none waits for its turn for
// more than ten. The zero value is ready; it is safe for concurrent use.
type Turns struct{ pools gates }

// WithTurns has an Allocator share turns with the other Allocators that are given the same.
func WithTurns(turns *Turns) Option {
	return func(a *Allocator) { a.turns = turns }
}

// take waits for the turn on a pool, but not for long: it saves work and guards nothing. What is queued meanwhile shares
// the turn. The returned function gives the turn back.
func (t *Turns) take(pool string) (giveBack func()) {
	if t == nil {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.Background(), longestWait)
	defer cancel()
	leave, err := t.pools.enter(ctx, pool)
	if err != nil {
		return func() {}
	}
	leave = sync.OnceFunc(leave)
	lost := time.AfterFunc(longestTurn, leave)
	return func() { lost.Stop(); leave() }
}
