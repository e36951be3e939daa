#!/usr/bin/env bash
# client-go v0.36.3, tools/portforward: TunnelingConnection, the net.Conn over a WebSocket, takes a write deadline that does
# not end a Write which is waiting. It counts for frames that begin later.
#
# Expected by most, since the type declares itself a net.Conn: a deadline in the past ends pending writes at once, which is
# how a caller cancels one. A controller that reaches etcd or a workload's API server through such a tunnel, and
# whose other end no longer reads, stays in Write although its context is over, and holds its worker. Only Close ends
# it; so cancel with Close, from another goroutine.
#
# Output seen, of a peer that does not read, a write that waits, and a deadline in the past:
#   TCP:    SetWriteDeadline ends the write: true
#   tunnel: SetWriteDeadline ends the write: false
#   tunnel: Close ends the write: true
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	github.com/gorilla/websocket v1.5.4-0.20250319132907-e064f32e3674
	k8s.io/client-go v0.36.3
)
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"k8s.io/client-go/tools/portforward"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// fill writes until the peer's buffers are full, and tells when it can write no more and when the waiting write has ended.
func fill(conn net.Conn) (waits, ended chan struct{}) {
	waits, ended = make(chan struct{}), make(chan struct{})
	wrote := make(chan struct{}, 1)
	go func() {
		defer close(ended)
		for chunk := make([]byte, 32<<10); ; wrote <- struct{}{} {
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(waits)
		for {
			select {
			case <-wrote:
			case <-time.After(time.Second):
				return
			}
		}
	}()
	return waits, ended
}

func within(ended <-chan struct{}, span time.Duration) bool {
	select {
	case <-ended:
		return true
	case <-time.After(span):
		return false
	}
}

func dialTCP() net.Conn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	conn, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	return conn
}

func dialTunnel() net.Conn {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		_, err := upgrader.Upgrade(w, r, nil)
		check(err)
	}))
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	check(err)
	return portforward.NewTunnelingConnection("example", conn)
}

func main() {
	tcp := dialTCP()
	waits, ended := fill(tcp)
	<-waits
	check(tcp.SetWriteDeadline(time.Now().Add(-time.Second)))
	fmt.Println("TCP:    SetWriteDeadline ends the write:", within(ended, 3*time.Second))

	tunnel := dialTunnel()
	waits, ended = fill(tunnel)
	<-waits
	check(tunnel.SetWriteDeadline(time.Now().Add(-time.Second)))
	fmt.Println("tunnel: SetWriteDeadline ends the write:", within(ended, 3*time.Second))
	_ = tunnel.Close()
	fmt.Println("tunnel: Close ends the write:", within(ended, 10*time.Second))
}
END
run

cat >expected <<'END'
TCP:    SetWriteDeadline ends the write: true
tunnel: SetWriteDeadline ends the write: false
tunnel: Close ends the write: true
END
same
