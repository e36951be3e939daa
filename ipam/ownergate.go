package ipam

import (
	"context"
	"sync"
)

// ownerGate lets one request per owner through at a time. Without it, two requests of one owner could be given addresses
// of two different pools, if the first pool fills up or frees up between them.
type ownerGate struct {
	mu    sync.Mutex
	gates map[string]*gate
}

type gate struct {
	// pass holds one token while the gate is taken.
	pass chan struct{}
	// users counts the holder and those who wait; the last one removes the gate.
	users int
}

// enter waits until owner is free or ctx ends. The returned function must be called once.
func (g *ownerGate) enter(ctx context.Context, owner string) (leave func(), err error) {
	g.mu.Lock()
	if g.gates == nil {
		g.gates = make(map[string]*gate)
	}
	own, ok := g.gates[owner]
	if !ok {
		own = &gate{pass: make(chan struct{}, 1)}
		g.gates[owner] = own
	}
	own.users++
	g.mu.Unlock()

	select {
	case own.pass <- struct{}{}:
		return func() { <-own.pass; g.forget(owner, own) }, nil
	case <-ctx.Done():
		g.forget(owner, own)
		return nil, ctx.Err()
	}
}

func (g *ownerGate) forget(owner string, own *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(g.gates, owner)
	}
}
