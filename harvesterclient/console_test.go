package harvesterclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// consoleAPI is KubeVirt's console of a guest that greets, repeats what is typed, and hangs up after "exit".
func consoleAPI(t *testing.T) *rest.Config {
	t.Helper()
	upgrader := websocket.Upgrader{Subprotocols: []string{"plain.kubevirt.io"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/prefix/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachineinstances/a/console", r.URL.Path)
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		socket, err := upgrader.Upgrade(w, r, nil)
		if !assert.NoError(t, err) {
			return
		}
		defer func() { _ = socket.Close() }()
		assert.NoError(t, socket.WriteMessage(websocket.BinaryMessage, []byte("login: ")))
		for {
			_, typed, err := socket.ReadMessage()
			if err != nil {
				return
			}
			if string(typed) == "exit" {
				goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
				assert.NoError(t, socket.WriteMessage(websocket.CloseMessage, goodbye))
				return
			}
			assert.NoError(t, socket.WriteMessage(websocket.BinaryMessage, typed))
		}
	}))
	t.Cleanup(server.Close)

	return &rest.Config{Host: server.URL + "/prefix", BearerToken: "secret"}
}

func TestConsoleReadsAndTypes(t *testing.T) {
	t.Parallel()
	power, err := NewPower(consoleAPI(t), nil)
	require.NoError(t, err)
	console, err := power.Console(t.Context(), powerKey)
	require.NoError(t, err)
	_, err = io.WriteString(console, "root")
	require.NoError(t, err)
	_, err = io.WriteString(console, "exit")
	require.NoError(t, err)
	printed, err := io.ReadAll(console)
	require.NoError(t, err)
	assert.Equal(t, "login: root", string(printed))
	require.NoError(t, console.Close())
	require.NoError(t, console.Close(), "again")
}

// What a TLS connection says when it is closed after the other side went away is no failure.
func TestClosingWhatIsGoneIsNoError(t *testing.T) {
	t.Parallel()
	for _, gone := range []error{
		net.ErrClosed, fmt.Errorf("tls: failed to send closeNotify alert (but connection was closed anyway): %w", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}),
		&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.ECONNRESET)},
	} {
		assert.True(t, isGone(gone), "%v", gone)
	}
	assert.False(t, isGone(nil))
	assert.False(t, isGone(os.ErrDeadlineExceeded))
}

func TestConsoleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	power, err := NewPower(consoleAPI(t), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	console, err := power.Console(ctx, powerKey)
	require.NoError(t, err)
	greeting := make([]byte, 3)
	_, err = io.ReadFull(console, greeting)
	require.NoError(t, err)
	assert.Equal(t, "log", string(greeting), "a message may be read in pieces")
	cancel()
	_, err = io.ReadAll(console)
	require.Error(t, err)
	require.NoError(t, console.Close())
}

func TestConsoleTellsWhyNot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code    int
		message string
		kind    error
	}{
		{http.StatusBadRequest, "VMI is not running", ErrNotReady},
		{http.StatusConflict, "VMI is in failed status", ErrNotReady},
		{http.StatusBadRequest, "No serial consoles are present.", ErrInvalid},
		{http.StatusNotFound, `virtualmachineinstance.kubevirt.io "a" not found`, ErrNotFound},
		{http.StatusForbidden, "forbidden", ErrUnauthorized},
		{http.StatusInternalServerError, "dialing virt-handler: i/o timeout", ErrTransient},
	} {
		body, err := json.Marshal(metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Code: int32(test.code), Message: test.message,
		})
		require.NoError(t, err)
		power, _ := kubevirtAPI(t, test.code, string(body))
		_, err = power.Console(t.Context(), powerKey)
		assertOnlyKind(t, test.kind, err)
		require.ErrorContains(t, err, test.message)
	}
}
