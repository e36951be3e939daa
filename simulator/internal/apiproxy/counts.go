package apiproxy

import (
	"maps"
	"sync"
)

// Key is what requests are counted by. Code is the HTTP status, zero for a connection that was cut.
type Key struct {
	Verb, Resource string
	Code           int
}

// Counts counts requests that went through the proxy, faults included. Safe for concurrent use.
type Counts struct {
	watches *watches
	mu      sync.Mutex
	by      map[Key]int
}

func (c *Counts) add(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[Key]int{}
	}
	c.by[key]++
}

// All returns every count.
func (c *Counts) All() map[Key]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// Sum adds up the requests of a verb and a resource with any code; an empty string stands for any.
func (c *Counts) Sum(verb, resource string) int {
	sum := 0
	for key, count := range c.All() {
		if (verb == "" || key.Verb == verb) && (resource == "" || key.Resource == resource) {
			sum += count
		}
	}
	return sum
}

// Writes adds up the requests that can change something.
func (c *Counts) Writes() int {
	sum := 0
	for key, count := range c.All() {
		if (Request{Verb: key.Verb, Resource: key.Resource}).IsWrite() {
			sum += count
		}
	}
	return sum
}

// OpenWatches is how many watches of a resource are open now; an empty string stands for any.
func (c *Counts) OpenWatches(resource string) int { return c.watches.count(resource) }

// Reset starts all counts anew.
func (c *Counts) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = nil
}
