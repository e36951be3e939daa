package etcdops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	compat "k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // client-go takes this type
	constants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	spdytransport "k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	// maxDial bounds how long a port-forward may take to come up.
	maxDial = 5 * time.Second
	// maxComplaint bounds how much of the far side's complaint is read, in bytes.
	maxComplaint = 4 << 10
	// complaintGrace bounds how long a connection that has ended waits for the reason.
	complaintGrace = time.Second
)

// PortForwardDialer returns a dialer whose connections lead to a port of a pod, through the API server of the cluster
// that cfg reaches, as kubectl port-forward does but without a local listener. The address that the dialer is asked
// for is ignored: every connection leads to that pod and port. Each call opens a port-forward of its own, which ends
// when the connection is closed. WebSockets are tried first and SPDY where the API server knows only that.
//
// cfg is not changed and may be shared; the dialer is safe for concurrent use. cfg needs the permission to create
// pods/portforward (and to get it, for WebSockets) in the namespace.
func PortForwardDialer(cfg *rest.Config, namespace, pod string, port int) DialFunc {
	return func(ctx context.Context, _ string) (net.Conn, error) {
		conn, err := dialPortForward(ctx, cfg, namespace, pod, port)
		if err != nil {
			return nil, fmt.Errorf("port-forward to port %d of pod %s/%s: %w", port, namespace, pod, err)
		}
		return conn, nil
	}
}

func dialPortForward(ctx context.Context, cfg *rest.Config, namespace, pod string, port int) (net.Conn, error) {
	target, err := portForwardURL(cfg, namespace, pod)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxDial)
	defer cancel()
	tunnel, err := dialTunnel(ctx, cfg, target.String())
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%w: %w", context.DeadlineExceeded, err) // The WebSocket gives the context's deadline to its socket.
	}
	if err != nil {
		return nil, err
	}
	return openWithContext(ctx, tunnel, port)
}

// tunnel is a connection whose end is the end of its socket: SPDY waits for the far side to end its streams.
type tunnel struct {
	httpstream.Connection
	socket io.Closer
	wire   io.Closer // What socket is made of: its end ends every read and write.

	ending sync.Once
	cut    *time.Timer
}

// hangUp gives what is still on its way a moment, and cuts the wire then. It does not set a deadline: client-go's
// tunnel over a WebSocket writes the deadline where a frame in the making reads it, without a lock, and every frame
// replaces the socket's own (client-go v0.36.3, portforward/tunneling_connection.go).
func (t *tunnel) hangUp() {
	t.ending.Do(func() { t.cut = time.AfterFunc(complaintGrace, func() { _ = t.wire.Close() }) })
}

// Close says good-bye and hangs up.
func (t *tunnel) Close() error {
	t.hangUp()
	defer t.cut.Stop()
	return errors.Join(t.Connection.Close(), t.socket.Close())
}

// dialTunnel asks for the upgrade, and gives up when ctx ends.
func dialTunnel(ctx context.Context, cfg *rest.Config, target string) (*tunnel, error) {
	dialed, err := tunnelOverWebSocket(ctx, cfg, target)
	if isUpgradeFailure(err) {
		return tunnelOverSPDY(ctx, cfg, target)
	}
	return dialed, err
}

// isUpgradeFailure tells whether the API server does not know the way. client-go and its streaming library each have a
// type for that.
func isUpgradeFailure(err error) bool {
	return err != nil && (httpstream.IsUpgradeFailure(err) || compat.IsUpgradeFailure(err))
}

func tunnelOverWebSocket(ctx context.Context, cfg *rest.Config, target string) (*tunnel, error) {
	transport, holder, err := websocket.RoundTripperFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	conn, err := websocket.Negotiate(transport, holder, req, constants.WebsocketsSPDYTunnelingPrefix+portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	socket := portforward.NewTunnelingConnection("client", conn)
	connection, err := spdy.NewClientConnectionWithPings(socket, portforward.PingPeriod)
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	return &tunnel{Connection: connection, socket: socket, wire: conn.NetConn()}, nil
}

func tunnelOverSPDY(ctx context.Context, cfg *rest.Config, target string) (*tunnel, error) {
	upgrade, transport, upgrader, err := spdyTransport(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	connection, protocol, err := spdytransport.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, req, portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	dialed := &tunnel{Connection: connection, socket: upgrade.conn, wire: upgrade.conn}
	if protocol != portforward.PortForwardProtocolV1Name {
		return nil, errors.Join(fmt.Errorf("the API server speaks %q, not %q", protocol, portforward.PortForwardProtocolV1Name), dialed.Close())
	}
	return dialed, nil
}

// openWithContext opens the port, and ends the tunnel when ctx ends first: the far side may accept and never answer. The
// tunnel is closed whenever there is an error.
func openWithContext(ctx context.Context, tunnel *tunnel, port int) (net.Conn, error) {
	type outcome struct {
		conn net.Conn
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		conn, err := openForwardedPort(tunnel, port)
		done <- outcome{conn, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			_ = tunnel.Close()
		}
		return o.conn, o.err
	case <-ctx.Done():
		_ = tunnel.Close()
		go func() {
			if late := <-done; late.err == nil {
				_ = late.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func portForwardURL(cfg *rest.Config, namespace, pod string) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: API server address: %w", ErrInvalidConfig, err)
	}
	return base.JoinPath("api", "v1", "namespaces", namespace, "pods", pod, "portforward"), nil
}

// openForwardedPort opens the pair of streams that carry one forwarded connection.
func openForwardedPort(tunnel *tunnel, port int) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	complaints, err := tunnel.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("open the error stream: %w", err)
	}
	// We never write to it; the far side waits for this end to close.
	_ = complaints.Close()
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := tunnel.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("open the data stream: %w", err)
	}
	return newForwardedConn(tunnel, data, complaints), nil
}

// forwardedConn is a net.Conn over one forwarded port. The near end of a pipe gives it the deadlines that the streams
// lack; goroutines copy between the pipe and the data stream and end with the connection.
type forwardedConn struct {
	net.Conn
	tunnel    *tunnel
	complaint atomic.Pointer[string]
}

func newForwardedConn(tunnel *tunnel, data, complaints httpstream.Stream) *forwardedConn {
	near, far := net.Pipe()
	c := &forwardedConn{Conn: near, tunnel: tunnel}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		c.listen(complaints)
	}()
	go func() {
		_, _ = io.Copy(far, data)
		// The reason why the data ended may still be on its way; whoever reads is to learn it with the end.
		select {
		case <-heard:
		case <-time.After(complaintGrace):
		}
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(data, far)
		_ = data.Reset()
		_ = tunnel.Close()
		_ = far.Close()
	}()
	return c
}

// Close ends the connection. What is still to be sent to a far side that does not read is given up.
func (c *forwardedConn) Close() error {
	c.tunnel.hangUp()
	return c.Conn.Close()
}

// listen reads what the far side has to complain about, to the end of the stream.
func (c *forwardedConn) listen(complaints io.Reader) {
	text, err := io.ReadAll(io.LimitReader(complaints, maxComplaint))
	if message := strings.TrimSpace(string(text)); err == nil && message != "" {
		c.complaint.Store(&message)
	}
}

// Read replaces a bare end of file by what the far side complained about, such as a refused connection.
func (c *forwardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if message := c.complaint.Load(); message != nil && errors.Is(err, io.EOF) {
		return n, fmt.Errorf("the port-forward ended: %s", *message)
	}
	return n, err
}
