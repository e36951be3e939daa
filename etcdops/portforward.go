package etcdops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

const (
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
	dialer, err := portForwardStreams(cfg, namespace, pod)
	if err != nil {
		return nil, err
	}
	tunnel, err := dialWithContext(ctx, dialer)
	if err != nil {
		return nil, err
	}
	conn, err := openForwardedPort(tunnel, port)
	if err != nil {
		_ = tunnel.Close()
		return nil, err
	}
	return conn, nil
}

// portForwardStreams prepares the upgrade request; nothing is sent yet.
func portForwardStreams(cfg *rest.Config, namespace, pod string) (httpstream.Dialer, error) {
	target, err := portForwardURL(cfg, namespace, pod)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	return portforward.NewFallbackDialerForStreaming(overWebSocket, overSPDY, httpstream.IsUpgradeFailure), nil
}

func portForwardURL(cfg *rest.Config, namespace, pod string) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: API server address: %w", ErrInvalidConfig, err)
	}
	return base.JoinPath("api", "v1", "namespaces", namespace, "pods", pod, "portforward"), nil
}

// dialWithContext gives up when ctx ends, which the dialer itself cannot; a tunnel that comes up too late is closed.
func dialWithContext(ctx context.Context, dialer httpstream.Dialer) (httpstream.Connection, error) {
	type outcome struct {
		tunnel httpstream.Connection
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		tunnel, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		if err == nil && protocol != portforward.PortForwardProtocolV1Name {
			_ = tunnel.Close()
			err = fmt.Errorf("the API server speaks %q, not %q", protocol, portforward.PortForwardProtocolV1Name)
		}
		done <- outcome{tunnel, err}
	}()
	select {
	case o := <-done:
		return o.tunnel, o.err
	case <-ctx.Done():
		go func() {
			if late := <-done; late.err == nil {
				_ = late.tunnel.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// openForwardedPort opens the pair of streams that carry one forwarded connection.
func openForwardedPort(tunnel httpstream.Connection, port int) (net.Conn, error) {
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
	complaint atomic.Pointer[string]
}

func newForwardedConn(tunnel httpstream.Connection, data, complaints httpstream.Stream) *forwardedConn {
	near, far := net.Pipe()
	c := &forwardedConn{Conn: near}
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
