package etcdops_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// hostile is an API server of which whoever is root in a workload cluster can make what they like. It counts the
// connections that are open.
type hostile struct {
	open atomic.Int64
	// answer gets the connection of an upgrade by SPDY, and of one by WebSocket if refused is false.
	answer func(conn net.Conn, upgrade *http.Request)
	// refused says that it does not know WebSockets.
	refused bool
}

func (h *hostile) start(t *testing.T) *rest.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			h.open.Add(1)
		}
		if state == http.StateClosed {
			h.open.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.CloseClientConnections)
	return &rest.Config{Host: server.URL}
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.refused && websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "unknown upgrade", http.StatusBadRequest)
		return
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	go func() {
		defer h.open.Add(-1)
		defer func() { _ = conn.Close() }()
		if h.answer != nil {
			h.answer(conn, r)
		}
		_, _ = io.Copy(io.Discard, conn) // Until the client hangs up.
	}()
}

// acceptSPDY takes the upgrade, and says nothing after it.
func acceptSPDY(conn net.Conn, _ *http.Request) {
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: "+
		portforward.PortForwardProtocolV1Name+"\r\n\r\n")
}

// Whatever a server does after it has taken the connection, a port-forward that does not come up in time leaves no socket.
func TestAPortForwardThatIsNeverAnsweredLeavesNothing(t *testing.T) {
	for name, server := range map[string]*hostile{
		"WebSocket is never answered": {},
		"SPDY is never answered":      {refused: true},
		"SPDY is taken, streams not":  {refused: true, answer: acceptSPDY},
	} {
		t.Run(name, func(t *testing.T) {
			dial := etcdops.PortForwardDialer(server.start(t), "kube-system", "etcd-cp-1", 2379)
			for range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				_, err := dial(ctx, "")
				cancel()
				require.Error(t, err)
			}
			assert.Eventually(t, func() bool { return server.open.Load() == 0 }, 10*time.Second, 20*time.Millisecond, "sockets that stay open")
		})
	}
}

// A command whose answer does not come ends with its time-out, by WebSocket and by SPDY.
func TestACommandThatIsNeverAnsweredEndsInTime(t *testing.T) {
	for name, server := range map[string]*hostile{"WebSocket": {}, "SPDY": {refused: true}} {
		t.Run(name, func(t *testing.T) {
			client, err := etcdops.DialExec(etcdops.ExecConfig{
				REST: server.start(t), Namespace: "kube-system", Pods: []string{"etcd-cp-1"}, Flavor: etcdops.RKE2, RequestTimeout: 50 * time.Millisecond,
			})
			require.NoError(t, err)
			started := time.Now()
			_, err = client.Observe(t.Context())
			require.ErrorIs(t, err, etcdops.ErrUnreachable)
			assert.Less(t, time.Since(started), 5*time.Second)
			assert.Eventually(t, func() bool { return server.open.Load() == 0 }, 10*time.Second, 20*time.Millisecond, "sockets that stay open")
		})
	}
}

// A command that writes for ever costs no memory.
func TestTheAnswerOfACommandIsBounded(t *testing.T) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		chunk := make([]byte, 64<<10)
		chunk[0] = 1 // The channel of the standard output.
		for conn.WriteMessage(websocket.BinaryMessage, chunk) == nil {
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	client, err := etcdops.DialExec(etcdops.ExecConfig{
		REST: &rest.Config{Host: server.URL}, Namespace: "kube-system", Pods: []string{"etcd-cp-1"}, Flavor: etcdops.RKE2, RequestTimeout: time.Minute,
	})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = client.Observe(t.Context())
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, etcdops.ErrUnreachable)
	require.ErrorContains(t, err, "wrote more than")
	assert.Less(t, after.HeapAlloc, before.HeapAlloc+64<<20)
}

// A refusal of any length makes a short error.
func TestARefusedUpgradeMakesAShortError(t *testing.T) {
	server := &hostile{refused: true, answer: func(conn net.Conn, _ *http.Request) {
		out := bufio.NewWriter(conn)
		_, _ = io.WriteString(out, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n")
		for range 1 << 10 {
			_, _ = out.Write(make([]byte, 1<<10))
		}
	}}
	_, err := etcdops.PortForwardDialer(server.start(t), "kube-system", "etcd-cp-1", 2379)(t.Context(), "")
	require.ErrorContains(t, err, "403 Forbidden")
	assert.Less(t, len(err.Error()), 1000)
}
