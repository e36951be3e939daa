package ipam

import (
	"context"
	"sync"
	"sync/atomic"
)

// operation is one step of one caller on one pool, waiting for its lane.
type operation struct {
	// ctx is the caller's: when it ends, no one waits for the outcome any more.
	ctx context.Context //nolint:containedctx // It travels with the request through the queue, as in http.Request.
	// owners are the names whose entries the step will look up.
	owners []string
	// readOnly steps are answered from the read alone.
	readOnly bool
	// run does the step on a ledger. After a conflict it runs again on a fresh one.
	run func(*Ledger) (Lease, bool, error)
	// conflicts counts the writes that were lost.
	conflicts int
	// done takes exactly one outcome, without blocking the lane.
	done chan outcome
}

type outcome struct {
	lease Lease
	// fresh tells an address that was taken by this step from one that was held before.
	fresh bool
	err   error
}

func (op *operation) outcomeOn(book *Ledger) (result outcome) {
	result.lease, result.fresh, result.err = op.run(book)
	return result
}

func (op *operation) finish(result outcome) { op.done <- result }

// lanes hold a queue per pool, first come first served, and at most one goroutine that serves it.
type lanes struct {
	batch int
	mu    sync.Mutex
	// queues has a key exactly while a goroutine serves that pool. Since the goroutine gives the key up under the lock
	// only when the queue is empty, an operation that is queued is always served.
	queues map[string][]*operation
}

// add queues an operation and tells whether the caller must start the goroutine that serves the pool.
func (l *lanes) add(pool string, op *operation) (start bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queues == nil {
		l.queues = make(map[string][]*operation)
	}
	queue, served := l.queues[pool]
	l.queues[pool] = append(queue, op)
	return !served
}

// take fills up the operations in hand from the queue and drops those whose callers left. No operation is left exactly
// when the lane was given up.
func (l *lanes) take(pool string, inHand []*operation) []*operation {
	l.mu.Lock()
	defer l.mu.Unlock()
	inHand = waiting(inHand)
	queue := l.queues[pool]
	for len(queue) > 0 && len(inHand) < l.batch {
		if queue[0].ctx.Err() == nil {
			inHand = append(inHand, queue[0])
		}
		queue = queue[1:]
	}
	l.queues[pool] = queue
	if len(inHand) == 0 {
		delete(l.queues, pool)
	}
	return inHand
}

// waiting keeps the operations whose callers are still there.
func waiting(ops []*operation) []*operation {
	kept := ops[:0]
	for _, op := range ops {
		if op.ctx.Err() == nil {
			kept = append(kept, op)
		}
	}
	return kept
}

// joint is a context for work on behalf of many callers: it ends when all of them left, and not before.
func joint(ops []*operation) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ops[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(ops)))
	stops := make([]func() bool, 0, len(ops))
	for _, op := range ops {
		stops = append(stops, context.AfterFunc(op.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
