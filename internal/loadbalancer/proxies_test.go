package loadbalancer_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
)

// echo answers every line with its own name, until the test ends.
func echo(t *testing.T, name, address string) (backend string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					fmt.Fprintf(conn, "%s:%s\n", name, lines.Text())
				}
			}()
		}
	}()
	stop = func() { _ = listener.Close() }
	t.Cleanup(stop)
	return listener.Addr().String(), stop
}

// freePort returns a port that nothing listens on at the address now.
func freePort(t *testing.T, vip netip.Addr) int {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(vip, 0).String())
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func dial(t *testing.T, vip netip.Addr, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(vip.String(), strconv.Itoa(port)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

func ask(conn net.Conn) (string, error) {
	if _, err := fmt.Fprintln(conn, "hi"); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSuffix(line, ":hi\n"), err
}

func TestConnectionsRotateOverBackends(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.1")
	first, _ := echo(t, "first", "127.50.90.1:0")
	second, _ := echo(t, "second", "127.50.90.2:0")
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	port := freePort(t, vip)
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: port, Backends: []string{first, second}}}))
	seen := map[string]int{}
	for range 4 {
		name, err := ask(dial(t, vip, port))
		require.NoError(t, err)
		seen[name]++
	}
	assert.Equal(t, map[string]int{"first": 2, "second": 2}, seen)
}

func TestDeadBackendsAreSkipped(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.2")
	dead, stop := echo(t, "dead", "127.50.90.3:0")
	alive, _ := echo(t, "alive", "127.50.90.4:0")
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	port := freePort(t, vip)
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: port, Backends: []string{dead, alive}}}))
	stop()
	for range 5 {
		name, err := ask(dial(t, vip, port))
		require.NoError(t, err)
		assert.Equal(t, "alive", name)
	}
}

func TestWithoutBackendsConnectionsAreReset(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.3")
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	port := freePort(t, vip)
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: port}}))
	conn, err := net.Dial("tcp", net.JoinHostPort(vip.String(), strconv.Itoa(port)))
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = ask(conn)
	}
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the client must notice at once")
}

func TestConnectionsOfRemovedBackendsAreClosedAndOthersKept(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.4")
	leaving, _ := echo(t, "leaving", "127.50.90.5:0")
	staying, _ := echo(t, "staying", "127.50.90.6:0")
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	port := freePort(t, vip)
	set := func(backends ...string) {
		require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: port, Backends: backends}}))
	}
	set(leaving, staying)
	conns := map[string]net.Conn{}
	for range 2 {
		conn := dial(t, vip, port)
		name, err := ask(conn)
		require.NoError(t, err)
		conns[name] = conn
	}
	require.Len(t, conns, 2)

	set(staying)

	_, err := ask(conns["leaving"])
	require.Error(t, err)
	name, err := ask(conns["staying"])
	require.NoError(t, err)
	assert.Equal(t, "staying", name)
}

func TestListenersAreReplaced(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.5")
	backend, _ := echo(t, "b", "127.50.90.7:0")
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	before, after := freePort(t, vip), 0
	for after == 0 || after == before {
		after = freePort(t, vip)
	}
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: before, Backends: []string{backend}}}))
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: after, Backends: []string{backend}}}))
	_, err := net.Dial("tcp", net.JoinHostPort(vip.String(), strconv.Itoa(before)))
	require.Error(t, err)
	_, err = ask(dial(t, vip, after))
	require.NoError(t, err)
}

func TestPortInUseIsNamedAndOthersWork(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.6")
	backend, _ := echo(t, "b", "127.50.90.8:0")
	taken, err := net.Listen("tcp", netip.AddrPortFrom(vip, 0).String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	takenPort, port := taken.Addr().(*net.TCPAddr).Port, freePort(t, vip)
	proxies := loadbalancer.New()
	t.Cleanup(proxies.Close)
	listeners := []loadbalancer.Listener{{Port: takenPort}, {Port: port, Backends: []string{backend}}}
	require.ErrorContains(t, proxies.Set("a", vip, listeners), taken.Addr().String())
	_, err = ask(dial(t, vip, port))
	require.NoError(t, err)
	require.NoError(t, taken.Close())
	require.NoError(t, proxies.Set("a", vip, listeners), "a later attempt opens it")
}

func TestInvalidListenersAreRefused(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.7")
	tests := map[string]struct {
		vip       netip.Addr
		listeners []loadbalancer.Listener
	}{
		"no address":   {vip: netip.Addr{}},
		"any address":  {vip: netip.IPv4Unspecified()},
		"port zero":    {vip: vip, listeners: []loadbalancer.Listener{{Port: 0}}},
		"port too big": {vip: vip, listeners: []loadbalancer.Listener{{Port: 65536}}},
		"listed twice": {vip: vip, listeners: []loadbalancer.Listener{{Port: 6443}, {Port: 6443}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			proxies := loadbalancer.New()
			require.ErrorIs(t, proxies.Set("a", test.vip, test.listeners), loadbalancer.ErrInvalidListener)
			assert.Empty(t, proxies.Names())
		})
	}
}

func TestNothingRunsAfterClose(t *testing.T) {
	vip := netip.MustParseAddr("127.60.90.8")
	backend, stop := echo(t, "b", "127.50.90.9:0")
	before := runtime.NumGoroutine()
	proxies := loadbalancer.New()
	port := freePort(t, vip)
	require.NoError(t, proxies.Set("a", vip, []loadbalancer.Listener{{Port: port, Backends: []string{backend}}}))
	conn := dial(t, vip, port)
	_, err := ask(conn)
	require.NoError(t, err)
	proxies.Close()
	assert.Empty(t, proxies.Names())
	_, err = ask(conn)
	require.Error(t, err)
	stop()
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before }, time.Minute, 10*time.Millisecond)
}

func ExampleProxies() {
	backend, _ := net.Listen("tcp", "127.50.90.10:0")
	defer backend.Close()
	go func() {
		conn, err := backend.Accept()
		if err == nil {
			fmt.Fprintln(conn, "hello from the machine")
			_ = conn.Close()
		}
	}()
	proxies := loadbalancer.New()
	defer proxies.Close()
	err := proxies.Set("default/api", netip.MustParseAddr("127.60.90.9"), []loadbalancer.Listener{
		{Port: 6443, Backends: []string{backend.Addr().String()}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := net.Dial("tcp", "127.60.90.9:6443")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(conn)
	fmt.Print(string(text))
	// Output: hello from the machine
}
