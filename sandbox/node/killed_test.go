//go:build linux

package node_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node"
)

// machineWithin is what this program does when a test starts it as a machine in the test's own.
func machineWithin(command string) int {
	if command == "outside" {
		code, err := node.Reenter(context.Background(), nil, []string{"NODE_TEST_MACHINE=inside"})
		fmt.Fprintln(os.Stderr, err)
		return code
	}
	if err := liveInside(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

// liveInside makes a node in a machine, says so, and stays.
func liveInside() error {
	if err := node.Settle(); err != nil {
		return err
	}
	network, err := node.NewNetwork()
	if err != nil {
		return err
	}
	root, err := build.Root(".")
	if err != nil {
		return err
	}
	dir, paths := os.Getenv("NODE_TEST_DIR"), build.Paths{Root: root}
	plane, err := controlplane.Start(context.Background(), controlplane.Options{
		Name: "inner", Dir: filepath.Join(dir, "plane"), AssetsDir: paths.Assets(), Controllers: node.Controllers, NodeAddress: node.Address,
	})
	if err != nil {
		return err
	}
	if _, err := network.Start(context.Background(), plane, node.Options{Name: "inner", Dir: filepath.Join(dir, "node"), Paths: paths}); err != nil {
		return err
	}
	fmt.Println("living")
	return nil
}

// TestAKilledMachineLeavesNothing: whoever started it is killed, and the kernel ends everything in it.
func TestAKilledMachineLeavesNothing(t *testing.T) {
	if !onNode(t) {
		return
	}
	command := exec.CommandContext(t.Context(), "/proc/self/exe")
	command.Env = append(os.Environ(), "NODE_TEST_MACHINE=outside", "NODE_TEST_DIR="+t.TempDir())
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "living\n", line)
	within := descendants(t, command.Process.Pid)
	require.GreaterOrEqual(t, len(within), 6, "the machine, etcd, API server, controllers, scheduler, kubelet")

	require.NoError(t, command.Process.Signal(syscall.SIGKILL))
	require.Error(t, command.Wait())

	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		for pid, born := range within {
			assert.NotEqual(c, born, birth(pid), "process %d lives", pid)
		}
	}, 30*time.Second, pollInterval)
}

// descendants of a process, with the time of their birth: a number may be given to another process later.
func descendants(t *testing.T, root int) map[int]string {
	t.Helper()
	parents := map[int]int{}
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		require.NoError(t, err)
		if fields := stat(pid); fields != nil {
			parents[pid], err = strconv.Atoi(fields[1])
			require.NoError(t, err)
		}
	}
	found := map[int]string{}
	for pid := range parents {
		for above := parents[pid]; above != 0; above = parents[above] {
			if above == root {
				found[pid] = birth(pid)
			}
		}
	}
	return found
}

// birth of a process in clock ticks since the machine's start; empty if it is gone, or only waited for.
func birth(pid int) string {
	fields := stat(pid)
	if len(fields) == 0 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// stat of a process from its third field on.
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// TestARefusalSaysWhatToAllow: the limit on user namespaces is a machine's own, so it can be set to none in this one.
func TestARefusalSaysWhatToAllow(t *testing.T) {
	if !onNode(t) {
		return
	}
	command := exec.CommandContext(t.Context(), "/proc/self/exe")
	command.Env = append(os.Environ(), "NODE_TEST_MACHINE=outside")
	limit := "/proc/sys/user/max_user_namespaces"
	before, err := os.ReadFile(limit)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(limit, []byte("0"), 0o600))
	output, runErr := command.CombinedOutput()
	require.NoError(t, os.WriteFile(limit, before, 0o600))
	require.Error(t, runErr)
	assert.Contains(t, string(output), "sysctl -w user.max_user_namespaces")
}
