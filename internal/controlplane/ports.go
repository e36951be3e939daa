package controlplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// ErrNoFreePort says that every port that may be handed out has a listener.
var ErrNoFreePort = errors.New("no free TCP port")

// firstPort is above the ports that Kubernetes, etcd and RKE2 listen on by themselves.
const firstPort = 10251

// cursor is the place of the next port to try. Processes begin at different places, and one process comes back to a port
// only when it has tried all others: what is handed out is often listened on seconds later only.
var cursor = func() *atomic.Uint64 { var c atomic.Uint64; c.Store(rand.Uint64N(1 << 16)); return &c }()

// FreePorts finds n different TCP ports that nobody listens on at any address, and that the kernel gives to no outgoing
// connection: the other end of one would keep a listener away from all addresses. It returns ErrNoFreePort. Safe for
// concurrent use.
func FreePorts(n int) ([]int, error) {
	return freePorts(n, firstEphemeral(os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")))
}

func freePorts(n, end int) ([]int, error) {
	ports := make([]int, 0, n)
	for range end - firstPort {
		if len(ports) == n {
			return ports, nil
		}
		if port := firstPort + int(cursor.Add(1)%uint64(end-firstPort)); isFree(port) {
			ports = append(ports, port)
		}
	}
	if len(ports) == n {
		return ports, nil
	}
	return nil, fmt.Errorf("%w: %d of %d found from %d to %d", ErrNoFreePort, len(ports), n, firstPort, end-1)
}

func isFree(port int) bool {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// firstEphemeral reads the first port that the kernel gives to outgoing connections. It is Linux's default where the
// setting cannot be read or leaves no room below it.
func firstEphemeral(setting []byte, err error) int {
	const linux, room = 32768, 1024
	fields := strings.Fields(string(setting))
	if err != nil || len(fields) == 0 {
		return linux
	}
	first, err := strconv.Atoi(fields[0])
	if err != nil || first < firstPort+room {
		return linux
	}
	return first
}
