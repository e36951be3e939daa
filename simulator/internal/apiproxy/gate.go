package apiproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// ConnectionState is what happens to connections to the proxy.
type ConnectionState string

// The states.
const (
	// Open lets connections through.
	Open ConnectionState = "open"
	// Refused has nobody listen: connecting fails at once.
	Refused ConnectionState = "refused"
	// Cut accepts connections and resets them.
	Cut ConnectionState = "cut"
)

// gate is a listener on a fixed address that can be shut and opened again. It implements net.Listener for a server
// that never notices.
type gate struct {
	address string
	accept  chan net.Conn
	ended   chan struct{}
	once    sync.Once
	running sync.WaitGroup

	mu       sync.Mutex
	state    ConnectionState
	listener net.Listener
	open     map[*gateConn]struct{}
	problem  error
}

// openGate listens; address may have port zero.
func openGate(address string) (*gate, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	g := &gate{
		address: listener.Addr().String(), accept: make(chan net.Conn), ended: make(chan struct{}),
		state: Open, listener: listener, open: map[*gateConn]struct{}{},
	}
	g.running.Go(func() { g.serve(listener) })
	return g, nil
}

// serve takes connections off one listener until it is closed.
func (g *gate) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		tracked, ok := g.track(conn)
		if !ok {
			reset(conn)
			continue
		}
		select {
		case g.accept <- tracked:
		case <-g.ended:
			reset(conn)
		}
	}
}

// track registers a connection; false while connections are to be cut.
func (g *gate) track(conn net.Conn) (net.Conn, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != Open {
		return nil, false
	}
	tracked := &gateConn{Conn: conn, gate: g}
	g.open[tracked] = struct{}{}
	return tracked, true
}

// set changes the state.
func (g *gate) set(state ConnectionState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.ended:
		return
	default:
	}
	if state == g.state {
		return
	}
	if state != Open {
		for conn := range g.open {
			reset(conn.Conn)
		}
	}
	if state == Refused {
		g.problem = errors.Join(g.problem, g.listener.Close())
	}
	if g.state == Refused {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", g.address)
		if err != nil {
			// Somebody took the port meanwhile. The proxy stays unreachable, and Close says why.
			g.problem = errors.Join(g.problem, fmt.Errorf("open the proxy again: %w", err))
			return
		}
		g.listener = listener
		g.running.Go(func() { g.serve(listener) })
	}
	g.state = state
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case conn := <-g.accept:
		return conn, nil
	case <-g.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It ends all connections.
func (g *gate) Close() error {
	var err error
	g.once.Do(func() {
		close(g.ended)
		g.mu.Lock()
		err = g.problem
		if g.state != Refused {
			err = errors.Join(err, g.listener.Close())
		}
		g.mu.Unlock()
		g.running.Wait()
	})
	return err
}

// Addr implements net.Listener.
func (g *gate) Addr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", g.address)
	if err != nil {
		return nil
	}
	return addr
}

// gateConn leaves the gate's list when it is closed.
type gateConn struct {
	net.Conn
	gate *gate
}

func (c *gateConn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.open, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// reset closes a connection so that the peer gets an error rather than an end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
