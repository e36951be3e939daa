package ipam

import "time"

// Option changes a setting of an [Allocator].
type Option func(*Allocator)

// WithAttempts bounds how often one request is decided and written before the store's conflicts are given back as
// ErrConflict. The default is 12; less than 1 counts as 1.
func WithAttempts(attempts int) Option {
	return func(a *Allocator) { a.attempts = max(attempts, 1) }
}

// WithBackoff sets the pause after a conflict, given the number of conflicts so far, counted from 1. The default doubles
// from 5 ms to 320 ms, half of it random.
func WithBackoff(pause func(conflicts int) time.Duration) Option {
	return func(a *Allocator) { a.pause = pause }
}

// WithBatch bounds how many requests one write may carry. The default is 1024; less than 1 counts as 1.
func WithBatch(size int) Option {
	return func(a *Allocator) { a.lanes.batch = max(size, 1) }
}

// WithUndoTimeout bounds how long [Allocator.AllocateAll] gives back what it took when one request fails, all addresses
// together. It applies even when the caller's context has ended. The default is 5 s; 0 or less gives nothing back.
func WithUndoTimeout(limit time.Duration) Option {
	return func(a *Allocator) { a.undo = max(limit, 0) }
}

// WithClock sets where the time of a release comes from, which matters for pools with a ReuseGrace. The default is
// time.Now.
func WithClock(now func() time.Time) Option {
	return func(a *Allocator) { a.now = now }
}
