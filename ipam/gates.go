package ipam

import (
	"context"
	"sync"
)

// gates let one caller through for each name at a time, first come first served. The zero value is ready.
type gates struct {
	mu    sync.Mutex
	gates map[string]*gate
}

type gate struct {
	// pass holds one token while the gate is taken.
	pass chan struct{}
	// users counts the holder and those who wait; the last one removes the gate.
	users int
}

// enter waits until the name is free or ctx ends. The returned function must be called once.
func (g *gates) enter(ctx context.Context, name string) (leave func(), err error) {
	g.mu.Lock()
	if g.gates == nil {
		g.gates = make(map[string]*gate)
	}
	own, ok := g.gates[name]
	if !ok {
		own = &gate{pass: make(chan struct{}, 1)}
		g.gates[name] = own
	}
	own.users++
	g.mu.Unlock()

	select {
	case own.pass <- struct{}{}:
		return func() { <-own.pass; g.forget(name, own) }, nil
	case <-ctx.Done():
		g.forget(name, own)
		return nil, ctx.Err()
	}
}

func (g *gates) forget(name string, own *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(g.gates, name)
	}
}
