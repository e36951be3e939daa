package loadbalancer

import (
	"io"
	"net"
	"sync"
)

// Relay copies both ways between two connections until both sides are done, and closes them. The end of one direction is
// passed on as a half-close. What fails ends both.
func Relay(client, server net.Conn) {
	(&relay{client: client, server: server}).run()
}

// relay is one client's connection and the backend's that answers it.
type relay struct {
	client, server net.Conn
	backend        string
}

// run copies both ways until both sides are done. The end of one direction is passed on as a half-close, so that
// protocols which finish sending before they finish reading work.
func (r *relay) run() {
	var upstream sync.WaitGroup
	upstream.Add(1)
	go func() {
		defer upstream.Done()
		pipe(r.server, r.client)
	}()
	pipe(r.client, r.server)
	upstream.Wait()
	_ = r.client.Close()
	_ = r.server.Close()
}

// abort ends the connection from our side; run then returns.
func (r *relay) abort() {
	reset(r.client)
	reset(r.server)
}

// pipe copies until the source ends or the destination fails.
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
	_ = from.Close()
}

// reset closes a connection so that the peer notices at once instead of waiting for data.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
