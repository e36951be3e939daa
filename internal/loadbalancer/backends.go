package loadbalancer

import (
	"slices"
	"sync"
	"time"
)

// shunTime is how long a backend that did not accept a connection is asked last. Short, because a restarting machine
// should be used again soon; long enough that a hanging one does not slow every client.
const shunTime = time.Second

// rotation decides in which order backends are tried. It is safe for concurrent use.
type rotation struct {
	mu      sync.Mutex
	all     []string
	next    int
	shunned map[string]time.Time
}

// set replaces the backends; what is known about those that stay is kept.
func (r *rotation) set(backends []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = backends
	for backend := range r.shunned {
		if !slices.Contains(backends, backend) {
			delete(r.shunned, backend)
		}
	}
}

// order returns the backends to try for one connection: rotating, those that failed lately at the end.
func (r *rotation) order(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var healthy, doubtful []string
	for i := range r.all {
		backend := r.all[(r.next+i)%len(r.all)]
		if until, ok := r.shunned[backend]; ok && now.Before(until) {
			doubtful = append(doubtful, backend)
		} else {
			healthy = append(healthy, backend)
		}
	}
	if len(r.all) > 0 {
		r.next = (r.next + 1) % len(r.all)
	}
	return append(healthy, doubtful...)
}

// report tells whether a backend accepted a connection.
func (r *rotation) report(backend string, accepted bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if accepted {
		delete(r.shunned, backend)
		return
	}
	if r.shunned == nil {
		r.shunned = map[string]time.Time{}
	}
	r.shunned[backend] = now.Add(shunTime)
}

// has tells whether a backend is still listed.
func (r *rotation) has(backend string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.all, backend)
}
