package apiproxy

import (
	"io"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// consoles speaks KubeVirt's protocol for serial lines: bytes in binary messages, and nothing else. Who may have one is
// decided by a token, which no foreign page has.
var consoles = websocket.Upgrader{
	Subprotocols: []string{"plain.kubevirt.io"},
	CheckOrigin:  func(*http.Request) bool { return true },
}

// carry joins a serial line and the client's WebSocket until either ends.
func carry(to http.ResponseWriter, from *http.Request, line io.ReadWriteCloser) {
	var typing sync.WaitGroup
	defer typing.Wait()
	defer line.Close()
	socket, err := consoles.Upgrade(to, from, nil)
	if err != nil {
		return // the client was told
	}
	defer socket.Close()
	typing.Go(func() {
		defer line.Close()
		for {
			_, typed, err := socket.ReadMessage()
			if err != nil {
				return
			}
			if _, err := line.Write(typed); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 4<<10)
	for {
		count, err := line.Read(buffer)
		if count > 0 && socket.WriteMessage(websocket.BinaryMessage, buffer[:count]) != nil {
			return
		}
		if err != nil {
			// A client that has left does not need the goodbye.
			_ = socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
			return
		}
	}
}
