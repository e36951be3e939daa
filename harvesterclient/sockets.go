package harvesterclient

import (
	"context"
	"net"
	"sync"
	"time"
)

// sockets keeps account of the open sockets of one transport, so that closing a connection leaves none behind. The transport
// itself closes only idle ones, and a socket that carries a request at that moment would stay until it times out.
type sockets struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	closed bool
	open   map[*socket]struct{}
}

type socket struct {
	net.Conn

	owner *sockets
}

func newSockets(dial func(context.Context, string, string) (net.Conn, error)) *sockets {
	return &sockets{dial: dial, open: map[*socket]struct{}{}}
}

func (s *sockets) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // nothing was written, so nothing can be lost
		return nil, net.ErrClosed
	}
	opened := &socket{Conn: conn, owner: s}
	s.open[opened] = struct{}{}

	return opened, nil
}

// Close closes the socket and takes it off the account.
func (c *socket) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()

	return c.Conn.Close()
}

func (s *sockets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return len(s.open)
}

// drainInterval is how often it is looked whether requests have ended.
const drainInterval = 20 * time.Millisecond

// drain closes sockets as their requests end, and the rest when the time is up. No new one opens meanwhile.
func (s *sockets) drain(closeIdle func(), patience time.Duration) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(drainInterval) {
		closeIdle()
		if s.count() == 0 {
			return
		}
	}
	s.mu.Lock()
	left := s.open
	s.open = map[*socket]struct{}{}
	s.mu.Unlock()
	for socket := range left {
		_ = socket.Conn.Close() // whoever still reads from it learns of it
	}
}
