package ipam

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// do queues a step on a pool and waits for its outcome. When ctx ends first, the step may or may not have been written.
func (a *Allocator) do(ctx context.Context, pool string, op *operation) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{err: PoolError{Pool: pool, Err: err}}
	}
	op.ctx, op.done = ctx, make(chan outcome, 1)
	if a.lanes.add(pool, op) {
		go a.serve(pool)
	}
	select {
	case result := <-op.done:
		return result
	case <-ctx.Done():
		return outcome{err: PoolError{Pool: pool, Err: ctx.Err()}}
	}
}

// serve carries out everything that is queued on a pool, and ends when the queue is empty.
func (a *Allocator) serve(pool string) {
	var ops []*operation
	for {
		runtime.Gosched() // Whoever is about to ask at this moment shares the read.
		giveBack := a.turns.take(pool)
		if ops = a.lanes.take(pool, ops); len(ops) == 0 {
			giveBack()
			return
		}
		ops = a.round(pool, ops)
		giveBack()
		if len(ops) > 0 {
			a.rest(ops)
		}
	}
}

// rest waits after a lost write.
func (a *Allocator) rest(ops []*operation) {
	ctx, cancel := joint(ops)
	defer cancel()
	sleep(ctx, a.pause(ops[0].conflicts))
}

// round does one read and at most one write for all given operations. It returns those that lost their write to another
// writer and may try again.
func (a *Allocator) round(pool string, ops []*operation) (again []*operation) {
	ctx, cancel := joint(ops)
	defer cancel()
	current, err := a.store.Get(ctx, pool)
	if err != nil {
		failAll(ops, PoolError{Pool: pool, Err: err})
		return nil
	}
	book := openLedger(current, a.now(), ownersOf(ops))
	writers := answerReads(book, ops)
	outcomes := make([]outcome, len(writers))
	for i, op := range writers {
		outcomes[i] = op.outcomeOn(book)
	}
	if book.Changed() {
		_, err = a.store.Update(ctx, book.Pool())
	}
	switch {
	case errors.Is(err, ErrConflict):
		return a.retriable(pool, writers)
	case err != nil:
		failAll(writers, PoolError{Pool: pool, Err: err})
	default:
		for i, op := range writers {
			op.finish(outcomes[i])
		}
	}
	return nil
}

// retriable counts the conflict and gives up those operations that had their share.
func (a *Allocator) retriable(pool string, ops []*operation) []*operation {
	again := ops[:0]
	for _, op := range ops {
		if op.conflicts++; op.conflicts < a.attempts {
			again = append(again, op)
			continue
		}
		op.finish(outcome{err: PoolError{Pool: pool, Err: fmt.Errorf("gave up after %d attempts: %w", op.conflicts, ErrConflict)}})
	}
	return again
}

// answerReads finishes the steps that change nothing, on the pool as it was read, and returns the others. A neighbour's
// refused write must not fail them.
func answerReads(book *Ledger, ops []*operation) []*operation {
	writers := make([]*operation, 0, len(ops))
	for _, op := range ops {
		if !op.readOnly {
			writers = append(writers, op)
			continue
		}
		op.finish(op.outcomeOn(book))
	}
	return writers
}

func ownersOf(ops []*operation) []string {
	owners := make([]string, 0, len(ops))
	for _, op := range ops {
		owners = append(owners, op.owners...)
	}
	return owners
}

func failAll(ops []*operation, err error) {
	for _, op := range ops {
		op.finish(outcome{err: err})
	}
}
