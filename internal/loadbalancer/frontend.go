package loadbalancer

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// dialTimeout bounds one attempt to reach a backend. On loopback a dead one refuses at once; only a frozen process
// takes this long.
const dialTimeout = 500 * time.Millisecond

// frontend is one listening port with its connections.
type frontend struct {
	listener net.Listener
	backends rotation
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[*relay]struct{}
}

// listen opens a port and begins to accept.
func listen(address netip.AddrPort) (*frontend, error) {
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(address))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	front := &frontend{listener: listener, cancel: cancel, open: map[*relay]struct{}{}}
	front.running.Add(1)
	go front.accept(ctx)
	return front, nil
}

// setBackends replaces the machines behind the port and closes connections to those that left.
func (f *frontend) setBackends(backends []string) {
	f.backends.set(backends)
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		if !f.backends.has(conn.backend) {
			conn.abort()
		}
	}
}

// close stops listening, closes every connection, and returns when their goroutines are gone.
func (f *frontend) close() {
	f.cancel()
	_ = f.listener.Close()
	f.mu.Lock()
	f.closed = true
	for conn := range f.open {
		conn.abort()
	}
	f.mu.Unlock()
	f.running.Wait()
}

func (f *frontend) accept(ctx context.Context) {
	defer f.running.Done()
	for {
		client, err := f.listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			// Out of descriptors, or the client was gone already: neither ends the service.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		f.running.Add(1)
		go func() {
			defer f.running.Done()
			f.serve(ctx, client)
		}()
	}
}

// serve carries one client's connection until either side ends it.
func (f *frontend) serve(ctx context.Context, client net.Conn) {
	server, backend := f.dial(ctx)
	if server == nil {
		reset(client)
		return
	}
	conn := &relay{client: client, server: server, backend: backend}
	if !f.add(conn) {
		conn.abort()
		return
	}
	conn.run()
	f.mu.Lock()
	delete(f.open, conn)
	f.mu.Unlock()
}

// add registers a connection, unless the port was closed or the backend left while it was being dialled.
func (f *frontend) add(conn *relay) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || !f.backends.has(conn.backend) {
		return false
	}
	f.open[conn] = struct{}{}
	return true
}

// dial returns a connection to the first backend that accepts one.
func (f *frontend) dial(ctx context.Context) (net.Conn, string) {
	dialer := net.Dialer{Timeout: dialTimeout}
	for _, backend := range f.backends.order(time.Now()) {
		server, err := dialer.DialContext(ctx, "tcp", backend)
		f.backends.report(backend, err == nil, time.Now())
		if err == nil {
			return server, backend
		}
	}
	return nil, ""
}
