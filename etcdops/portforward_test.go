package etcdops_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// forwarder answers port-forward requests as an API server and a kubelet do together. Ports lead to target.
type forwarder struct {
	target string
	// webSockets is false for API servers before Kubernetes 1.30.
	webSockets bool
	paths      chan string
}

func newForwarder(t *testing.T, target string, webSockets bool) (*forwarder, *rest.Config) {
	t.Helper()
	f := &forwarder{target: target, webSockets: webSockets, paths: make(chan string, 100)}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, &rest.Config{Host: server.URL, BearerToken: "token"}
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.URL.Path, "/pods/etcd-cp-1/") {
		http.Error(w, `pods "unknown" not found`, http.StatusNotFound)
		return
	}
	streams := make(chan httpstream.Stream, 2)
	accept := func(s httpstream.Stream, _ <-chan struct{}) error {
		streams <- s
		return nil
	}
	var tunnel httpstream.Connection
	if f.webSockets {
		upgrader := websocket.Upgrader{Subprotocols: []string{"SPDY/3.1+" + portforward.PortForwardProtocolV1Name}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		if tunnel, err = spdy.NewServerConnection(portforward.NewTunnelingConnection("server", conn), accept); err != nil {
			return
		}
	} else {
		if websocket.IsWebSocketUpgrade(r) {
			http.Error(w, "unknown upgrade", http.StatusBadRequest)
			return
		}
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			return
		}
		if tunnel = spdy.NewResponseUpgrader().UpgradeResponse(w, r, accept); tunnel == nil {
			return
		}
	}
	f.paths <- r.Method + " " + r.URL.Path
	go f.forward(tunnel, streams)
}

func (f *forwarder) forward(tunnel httpstream.Connection, streams <-chan httpstream.Stream) {
	defer func() { _ = tunnel.Close() }()
	complaints, data := <-streams, <-streams
	if complaints.Headers().Get(corev1.StreamType) != corev1.StreamTypeError || data.Headers().Get(corev1.StreamType) != corev1.StreamTypeData {
		return
	}
	conn, err := net.Dial("tcp", f.target)
	if err != nil {
		_, _ = io.WriteString(complaints, "failed to connect to localhost:"+data.Headers().Get(corev1.PortHeader)+" inside the pod")
		_ = complaints.Close()
		_ = data.Close()
		<-tunnel.CloseChan()
		return
	}
	go func() {
		_, _ = io.Copy(conn, data)
		_ = conn.Close()
	}()
	_, _ = io.Copy(data, conn)
	_ = complaints.Close()
	_ = data.Close()
	<-tunnel.CloseChan()
}

// echo listens and sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// transports are the two ways to an API server, and whether it is the one by WebSocket.
var transports = map[string]bool{"websocket": true, "spdy": false}

func TestPortForwardCarriesData(t *testing.T) {
	for name, webSockets := range transports {
		t.Run(name, func(t *testing.T) {
			f, config := newForwarder(t, echo(t), webSockets)
			dial := etcdops.PortForwardDialer(config, "kube-system", "etcd-cp-1", 2379)
			conn, err := dial(t.Context(), "ignored:1")
			require.NoError(t, err)
			message := strings.Repeat("0123456789abcdef", 16<<10)
			go func() { _, _ = io.WriteString(conn, message) }()
			answer := make([]byte, len(message))
			_, err = io.ReadFull(conn, answer)
			require.NoError(t, err)
			assert.Equal(t, message, string(answer))

			method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[webSockets]
			assert.Equal(t, method+" /api/v1/namespaces/kube-system/pods/etcd-cp-1/portforward", <-f.paths)

			require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
			_, err = conn.Read(answer)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, "gRPC and TLS rely on deadlines")
			require.NoError(t, conn.Close())
			_, err = conn.Write([]byte("late"))
			require.Error(t, err)
		})
	}
}

func TestPortForwardTellsWhyItEnded(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for name, webSockets := range transports {
		t.Run(name, func(t *testing.T) {
			_, config := newForwarder(t, closed.Addr().String(), webSockets)
			conn, err := etcdops.PortForwardDialer(config, "kube-system", "etcd-cp-1", 2379)(t.Context(), "")
			require.NoError(t, err)
			_, err = conn.Read(make([]byte, 1))
			require.ErrorContains(t, err, "failed to connect to localhost:2379 inside the pod")
			require.NoError(t, conn.Close())
		})
	}
}

func TestPortForwardToNowhere(t *testing.T) {
	_, config := newForwarder(t, echo(t), false)
	_, err := etcdops.PortForwardDialer(config, "kube-system", "etcd-gone", 2379)(t.Context(), "")
	require.ErrorContains(t, err, "port-forward to port 2379 of pod kube-system/etcd-gone")
	require.ErrorContains(t, err, "not found")

	_, err = etcdops.PortForwardDialer(&rest.Config{Host: "://"}, "n", "p", 1)(t.Context(), "")
	require.ErrorIs(t, err, etcdops.ErrInvalidConfig)
}

func TestPortForwardGivesUpWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = etcdops.PortForwardDialer(&rest.Config{Host: "http://" + silent.Addr().String()}, "n", "p", 1)(ctx, "")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(started), 5*time.Second)
}

func TestClosedPortForwardsLeaveNothingBehind(t *testing.T) {
	for name, webSockets := range transports {
		t.Run(name, func(t *testing.T) {
			_, config := newForwarder(t, echo(t), webSockets)
			dial := etcdops.PortForwardDialer(config, "kube-system", "etcd-cp-1", 2379)
			before := runtime.NumGoroutine()
			for range 20 {
				conn, err := dial(t.Context(), "")
				require.NoError(t, err)
				_, err = conn.Write([]byte("x"))
				require.NoError(t, err)
				require.NoError(t, conn.Close())
			}
			assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+5 }, 10*time.Second, 50*time.Millisecond,
				"goroutines: %d before", before)
		})
	}
}

// TestPortForwardIsClosedWhileItIsWritten is of use with the race detector: gRPC closes a connection whose frames are on
// their way.
func TestPortForwardIsClosedWhileItIsWritten(t *testing.T) {
	for name, webSockets := range transports {
		t.Run(name, func(t *testing.T) {
			_, config := newForwarder(t, echo(t), webSockets)
			dial := etcdops.PortForwardDialer(config, "kube-system", "etcd-cp-1", 2379)
			for range 20 {
				conn, err := dial(t.Context(), "")
				require.NoError(t, err)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for err := error(nil); err == nil; {
						_, err = conn.Write([]byte("x"))
					}
				}()
				_, err = conn.Read(make([]byte, 1))
				require.NoError(t, err)
				require.NoError(t, conn.Close())
				<-ended
			}
		})
	}
}

func TestEtcdThroughAPortForward(t *testing.T) {
	c := startEtcd(t, 1)
	for name, webSockets := range transports {
		t.Run(name, func(t *testing.T) {
			_, config := newForwarder(t, c.members[0].ip+":2379", webSockets)
			certificate, err := etcdops.ClientCertificate(c.ca.certPEM, c.ca.keyPEM, etcdops.CertificateOptions{ServerName: "localhost"})
			require.NoError(t, err)
			client, err := etcdops.Dial(t.Context(), etcdops.Config{
				TLS:       certificate,
				Dialer:    etcdops.RouteByHost(map[string]etcdops.DialFunc{"etcd-cp-1": etcdops.PortForwardDialer(config, "kube-system", "etcd-cp-1", 2379)}),
				Endpoints: []string{"https://etcd-cp-1:2379"},
			})
			require.NoError(t, err)
			s, err := client.Observe(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{c.members[0].name}, healthy(s))
			require.NoError(t, client.Close())
		})
	}
}

func TestRouteByHost(t *testing.T) {
	reached := errors.New("reached")
	dial := etcdops.RouteByHost(map[string]etcdops.DialFunc{
		"etcd-a": func(context.Context, string) (net.Conn, error) { return nil, reached },
	})
	_, err := dial(t.Context(), "etcd-a:2379")
	require.ErrorIs(t, err, reached)
	_, err = dial(t.Context(), "etcd-b:2379")
	require.ErrorContains(t, err, `no route to etcd host "etcd-b"`)
	_, err = dial(t.Context(), "etcd-a")
	require.ErrorContains(t, err, "missing port")
}
