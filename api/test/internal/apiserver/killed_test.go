package apiserver_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/apiserver"
)

// victim makes this test binary the one that is killed.
const victim = "CAPHV_TEST_VICTIM"

// inherited is the descriptor that the victim gets and its children must not keep.
const inherited = 3

func TestMain(m *testing.M) {
	if os.Getenv(victim) == "" {
		os.Exit(m.Run())
	}
	os.Exit(apiserver.Main(m, func(*apiserver.Cluster) error {
		fmt.Println("serving")
		_ = unix.Close(inherited)
		select {} // until it is killed
	}))
}

// TestAKilledTestLeavesNoServer kills a test binary as it starts its servers, and when they serve. A descriptor of a process
// tells when it has ended, so nothing is guessed by time.
func TestAKilledTestLeavesNoServer(t *testing.T) {
	for name, child := range map[string]string{
		"etcd is starting":           "etcd",
		"kube-apiserver is starting": "kube-apiserver",
		"all are serving":            "",
	} {
		t.Run(name, func(t *testing.T) {
			v := startVictim(t)
			if child != "" {
				v.waitForChild(t, child)
			} else {
				v.waitUntilServing(t)
			}
			children := childrenOf(t, v.command.Process.Pid)
			require.NotEmpty(t, children)
			descriptors := open(t, children)

			require.NoError(t, v.command.Process.Kill())
			_ = v.command.Wait()
			for pid, descriptor := range descriptors {
				assert.True(t, endsWithin(t, descriptor, 5*time.Second), "%s (%d) lives on", children[pid], pid)
			}
		})
	}
}

// TestServersInheritNoDescriptor waits for the end of a pipe that the victim closed while its servers run on.
func TestServersInheritNoDescriptor(t *testing.T) {
	v := startVictim(t)
	v.waitUntilServing(t)
	require.NoError(t, v.inherited.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := v.inherited.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "a server holds what it inherited")
	assert.Len(t, childrenOf(t, v.command.Process.Pid), 2, "etcd and kube-apiserver run")
}

// started is a running victim.
type started struct {
	command   *exec.Cmd
	output    *bufio.Reader
	inherited *os.File
}

func startVictim(t *testing.T) *started {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	readEnd, writeEnd, err := os.Pipe()
	require.NoError(t, err)

	command := exec.Command(program, "-test.run=^$")
	command.Env = append(os.Environ(), victim+"=1")
	command.ExtraFiles = []*os.File{writeEnd}
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	require.NoError(t, writeEnd.Close())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = readEnd.Close()
	})
	return &started{command: command, output: bufio.NewReader(output), inherited: readEnd}
}

func (v *started) waitUntilServing(t *testing.T) {
	t.Helper()
	line, err := v.output.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "serving\n", line)
}

func (v *started) waitForChild(t *testing.T, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, child := range childrenOf(t, v.command.Process.Pid) {
			if child == name {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond, "no %s", name)
}

// childrenOf returns the programs that a process started, by process id. What has ended is left out.
func childrenOf(t *testing.T, parent int) map[int]string {
	t.Helper()
	children := map[int]string{}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // It has ended since.
		}
		// "pid (name) state parent ...": proc(5).
		name, rest, found := strings.Cut(string(content), ") ")
		fields := strings.Fields(rest)
		if !found || len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		children[pid] = name[strings.Index(name, "(")+1:]
	}
	return children
}

func open(t *testing.T, processes map[int]string) map[int]int {
	t.Helper()
	descriptors := map[int]int{}
	for pid := range processes {
		descriptor, err := unix.PidfdOpen(pid, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(descriptor) })
		descriptors[pid] = descriptor
	}
	return descriptors
}

func endsWithin(t *testing.T, descriptor int, limit time.Duration) bool {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}, int(max(time.Until(deadline), 0).Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		return ready == 1
	}
}
