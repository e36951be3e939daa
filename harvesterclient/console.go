package harvesterclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/gorilla/websocket"
	clientwebsocket "k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// consoleProtocol is KubeVirt's name for a WebSocket that carries the bytes of a serial line and nothing else.
const consoleProtocol = "plain.kubevirt.io"

// Console connects to the serial console of a running machine: what the guest prints can be read, what is written the
// guest gets as typed. KubeVirt lets one user at a time have it, and a new one takes it from the old. The result is safe
// for one reader and one writer at a time, and for Close at any time.
//
// It is a connection of its own, outside what Connections limits and counts, and stays open until it is closed or the
// context ends. A machine that does not run gives ErrNotReady, one without a serial console ErrInvalid, one that is
// not there ErrNotFound.
func (p *Power) Console(ctx context.Context, key client.ObjectKey) (io.ReadWriteCloser, error) {
	roundTripper, holder, err := clientwebsocket.RoundTripperFor(p.stream)
	if err != nil {
		return nil, fmt.Errorf("console of virtual machine %q: %w", key, err)
	}
	target := p.rest.Get().Namespace(key.Namespace).Resource("virtualmachineinstances").Name(key.Name).SubResource("console").URL()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("console of virtual machine %q: %w", key, err)
	}
	socket, err := clientwebsocket.Negotiate(roundTripper, holder, request, consoleProtocol)
	if err != nil {
		return nil, consoleError(key, err)
	}
	detach := context.AfterFunc(ctx, func() { _ = socket.Close() })

	return &console{socket: socket, detach: detach}, nil
}

// consoleError is what KubeVirt's refusal of a console means: it says 400 for a machine that does not run.
func consoleError(key client.ObjectKey, err error) error {
	var upgrade *httpstream.UpgradeFailureError
	if errors.As(err, &upgrade) {
		err = upgrade.Cause
	}
	if strings.Contains(err.Error(), "not running") {
		return failf(ErrNotReady, "console of virtual machine %q: its state does not allow it: %v", key, err)
	}

	return powerError("console of", key, err)
}

// console is a serial line over a WebSocket.
type console struct {
	socket  *websocket.Conn
	message io.Reader   // what is left of the message being read; nil between messages
	detach  func() bool // from the context
	closing sync.Once
}

// Read reads what the guest printed, io.EOF when the console was closed in order.
func (c *console) Read(buffer []byte) (int, error) {
	for {
		if c.message == nil {
			_, message, err := c.socket.NextReader()
			if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
				return 0, io.EOF
			}
			if err != nil {
				return 0, fmt.Errorf("read console: %w", err)
			}
			c.message = message
		}
		count, err := c.message.Read(buffer)
		if errors.Is(err, io.EOF) {
			c.message, err = nil, nil
			if count == 0 {
				continue
			}
		}

		return count, err
	}
}

// Write types into the guest.
func (c *console) Write(data []byte) (int, error) {
	if err := c.socket.WriteMessage(websocket.BinaryMessage, data); err != nil {
		return 0, fmt.Errorf("write console: %w", err)
	}

	return len(data), nil
}

// isGone tells that a connection was closed before: by the context, or by the other side.
func isGone(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// Close gives the console up. Closing again, or when the other side was first, does nothing.
func (c *console) Close() error {
	var err error
	c.closing.Do(func() {
		c.detach()
		if err = c.socket.Close(); isGone(err) {
			err = nil
		}
	})

	return err
}
