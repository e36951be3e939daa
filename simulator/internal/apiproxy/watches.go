package apiproxy

import (
	"context"
	"sync"
)

// watches knows which watches are open. Safe for concurrent use.
type watches struct {
	mu   sync.Mutex
	next int
	open map[int]openWatch
}

type openWatch struct {
	resource string
	cancel   context.CancelFunc
}

func newWatches() *watches { return &watches{open: map[int]openWatch{}} }

// add registers a watch; done takes it off the list.
func (w *watches) add(resource string, cancel context.CancelFunc) (done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	id := w.next
	w.open[id] = openWatch{resource, cancel}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.open, id)
	}
}

// drop ends the watches of a resource, or all with an empty name.
func (w *watches) drop(resource string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	dropped := 0
	for _, watch := range w.open {
		if resource == "" || watch.resource == resource {
			watch.cancel()
			dropped++
		}
	}
	return dropped
}

// count is the number of open watches of a resource, or of all with an empty name.
func (w *watches) count(resource string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := 0
	for _, watch := range w.open {
		if resource == "" || watch.resource == resource {
			found++
		}
	}
	return found
}
