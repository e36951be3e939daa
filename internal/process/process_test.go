package process_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// roleVariable makes a copy of the test binary play a child.
const roleVariable = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// play is what the children do.
func play(role string, args []string) int {
	switch role {
	case "fail":
		fmt.Println("first line")
		fmt.Println("the reason it failed")
		return 3
	case "finish":
		return 0
	case "polite": // ends in good order on SIGTERM
		terminated := make(chan os.Signal, 1)
		signal.Notify(terminated, syscall.SIGTERM)
		fmt.Println("ready")
		<-terminated
		fmt.Println("bye")
		return 0
	case "stubborn": // does not end on SIGTERM
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "server": // says its address, as a server with a port of its own would
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 1
		}
		fmt.Println(listener.Addr())
		time.Sleep(time.Hour)
	case "parent": // leaves a child of its own behind
		child := exec.Command("/bin/sleep", "3600")
		if err := child.Start(); err != nil {
			return 1
		}
		fmt.Println(child.Process.Pid)
		time.Sleep(time.Hour)
	case "sandbox": // starts a supervised child and waits to be killed
		p, err := process.Start(context.Background(), process.Spec{Path: "/bin/sleep", Args: []string{"3600"}})
		if err != nil {
			return 1
		}
		fmt.Println(p.PID())
		time.Sleep(time.Hour)
	case "echo": // repeats what it reads
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return 1
		}
		fmt.Fprintln(os.Stderr, "done")
		return 0
	case "environment":
		fmt.Println(os.Getenv("GREETING"), strings.Join(args, ","))
		directory, _ := os.Getwd()
		fmt.Println(directory)
		return 0
	}
	return 2
}

// child describes a copy of the test binary in one of play's roles, with its
// output in a file.
func child(t *testing.T, role string, args ...string) process.Spec {
	t.Helper()
	return process.Spec{
		Name: role, Path: os.Args[0], Args: args, Env: []string{roleVariable + "=" + role},
		LogFile:      filepath.Join(t.TempDir(), role+".log"),
		PollInterval: 5 * time.Millisecond,
	}
}

// saying is a readiness check: the log has a whole line.
func saying(logFile string) func(context.Context) error {
	return func(context.Context) error {
		text, err := os.ReadFile(logFile)
		if err == nil && !strings.HasSuffix(string(text), "\n") {
			err = fmt.Errorf("%s is silent", logFile)
		}
		return err
	}
}

// start runs the spec, ready when it has said something, and leaves nothing
// behind.
func start(t *testing.T, spec process.Spec) *process.Process {
	t.Helper()
	spec.Ready = saying(spec.LogFile)
	p, err := process.Start(t.Context(), spec)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Kill()) })
	return p
}

// gone reports whether no such process runs; a zombie counts as there.
func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func TestStopEndsInGoodOrder(t *testing.T) {
	p := start(t, child(t, "polite"))
	require.NoError(t, p.Err())

	require.NoError(t, p.Stop(t.Context()))

	<-p.Done()
	require.NoError(t, p.Err(), "an exit that was asked for is no error")
	assert.True(t, gone(p.PID()), "a zombie is left")
	assert.Equal(t, "ready\nbye", process.Tail(p.LogFile(), 9))
	assert.NoError(t, p.Stop(t.Context()), "stopping again does nothing")
}

func TestStopKillsAfterTheGrace(t *testing.T) {
	spec := child(t, "stubborn")
	spec.Grace = 20 * time.Millisecond
	p := start(t, spec)

	require.NoError(t, p.Stop(t.Context()))

	assert.True(t, gone(p.PID()))
	assert.NoError(t, p.Err())
}

func TestStopKillsWhenTheContextEnds(t *testing.T) {
	spec := child(t, "stubborn")
	spec.Grace = time.Hour
	p := start(t, spec)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()

	require.NoError(t, p.Stop(ctx))

	assert.True(t, gone(p.PID()))
}

func TestKillReachesGrandchildren(t *testing.T) {
	p := start(t, child(t, "parent"))
	grandchild, err := strconv.Atoi(process.Tail(p.LogFile(), 1))
	require.NoError(t, err)
	require.False(t, gone(grandchild))

	require.NoError(t, p.Kill())

	assert.Eventually(t, func() bool { return gone(grandchild) || isZombie(grandchild) }, time.Minute, 5*time.Millisecond)
}

func TestGrandchildrenDoNotSurviveALeaderThatDies(t *testing.T) {
	p := start(t, child(t, "parent"))
	grandchild, err := strconv.Atoi(process.Tail(p.LogFile(), 1))
	require.NoError(t, err)

	require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL), "only the leader")

	<-p.Done()
	require.ErrorIs(t, p.Err(), process.ErrExited)
	assert.Eventually(t, func() bool { return gone(grandchild) || isZombie(grandchild) }, time.Minute, 5*time.Millisecond)
}

// isZombie is true for a process that has ended and that its parent, here the
// machine's init, has yet to wait for.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestAnExitOfItsOwnIsReported(t *testing.T) {
	spec := child(t, "fail")
	p, err := process.Start(t.Context(), spec)
	require.NoError(t, err)

	<-p.Done()

	var exit *process.ExitError
	require.ErrorAs(t, p.Err(), &exit)
	require.ErrorIs(t, p.Err(), process.ErrExited)
	assert.Equal(t, process.ExitError{
		Name: "fail", State: "exit status 3", LogFile: spec.LogFile, LastLines: "first line\nthe reason it failed",
	}, *exit)
	assert.Contains(t, p.Err().Error(), "the reason it failed")
	assert.True(t, gone(p.PID()))
}

func TestACleanExitIsNoError(t *testing.T) {
	p, err := process.Start(t.Context(), child(t, "finish"))
	require.NoError(t, err)
	<-p.Done()
	assert.NoError(t, p.Err())
}

func TestStartFailsWhenTheProcessEndsBeforeItIsReady(t *testing.T) {
	for _, role := range []string{"fail", "finish"} {
		spec := child(t, role)
		spec.Ready = func(context.Context) error { return fmt.Errorf("nobody answers") }
		p, err := process.Start(t.Context(), spec)
		assert.Nil(t, p)
		assert.ErrorIs(t, err, process.ErrExited, role)
	}
}

func TestStartFailsWhenReadinessTakesTooLong(t *testing.T) {
	spec := child(t, "polite")
	spec.ReadyTimeout = 30 * time.Millisecond
	spec.Ready = func(context.Context) error { return fmt.Errorf("nobody answers") }

	p, err := process.Start(t.Context(), spec)

	assert.Nil(t, p)
	require.ErrorIs(t, err, process.ErrNotReady)
	assert.ErrorContains(t, err, "nobody answers")
}

func TestStartKillsWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	spec := child(t, "server")
	said := saying(spec.LogFile)
	spec.Ready = func(ctx context.Context) error {
		if said(ctx) == nil {
			cancel()
		}
		return fmt.Errorf("nobody answers")
	}

	_, err := process.Start(ctx, spec)

	require.ErrorIs(t, err, context.Canceled)
	_, err = net.Dial("tcp", process.Tail(spec.LogFile, 1))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "the process is still there")
}

func TestStartRefusesWhatCannotRun(t *testing.T) {
	for name, test := range map[string]struct {
		cancelled bool
		spec      process.Spec
		want      error
	}{
		"no path":          {false, process.Spec{Name: "etcd"}, process.ErrInvalidSpec},
		"no program":       {false, process.Spec{Path: "/does/not/exist"}, os.ErrNotExist},
		"no log directory": {false, process.Spec{Path: "/bin/true", LogFile: "/does/not/exist"}, os.ErrNotExist},
		"ended context":    {true, process.Spec{Path: "/bin/true"}, context.Canceled},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if test.cancelled {
			cancel()
		}
		p, err := process.Start(ctx, test.spec)
		cancel()
		assert.Nil(t, p, name)
		assert.ErrorIs(t, err, test.want, name)
	}
}

func TestArgumentsEnvironmentAndFolderReachTheChild(t *testing.T) {
	spec := child(t, "environment", "a b", "c")
	spec.Dir = t.TempDir()
	spec.Env = append(spec.Env, "GREETING=hello")
	p, err := process.Start(t.Context(), spec)
	require.NoError(t, err)
	<-p.Done()
	assert.Equal(t, "hello a b,c\n"+spec.Dir, process.Tail(p.LogFile(), 9))
}

func TestAChildReadsAndWritesFilesOfTheCaller(t *testing.T) {
	spec := child(t, "echo")
	theirIn, in, err := os.Pipe()
	require.NoError(t, err)
	out, theirOut, err := os.Pipe()
	require.NoError(t, err)
	spec.Stdin, spec.Stdout = theirIn, theirOut
	p, err := process.Start(t.Context(), spec)
	require.NoError(t, err)
	require.NoError(t, theirIn.Close())
	require.NoError(t, theirOut.Close())

	_, err = in.WriteString("hello")
	require.NoError(t, err)
	require.NoError(t, in.Close())
	answer, err := io.ReadAll(out)

	require.NoError(t, err)
	assert.Equal(t, "hello", string(answer))
	<-p.Done()
	require.NoError(t, p.Err())
	assert.Equal(t, "done", process.Tail(p.LogFile(), 9), "only what it complains about is in the log")
}

func TestChildrenDieWithTheSandbox(t *testing.T) {
	sandbox := exec.Command(os.Args[0])
	sandbox.Env = append(os.Environ(), roleVariable+"=sandbox")
	output, err := sandbox.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sandbox.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	supervised, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.False(t, gone(supervised))

	require.NoError(t, sandbox.Process.Kill())
	require.Error(t, sandbox.Wait())

	assert.Eventually(t, func() bool { return gone(supervised) || isZombie(supervised) }, time.Minute, 5*time.Millisecond)
}

func TestManyCallersMayStopAtOnce(t *testing.T) {
	p := start(t, child(t, "polite"))
	problems := make(chan error, 60)
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			if i%2 == 0 {
				problems <- p.Stop(t.Context())
			} else {
				problems <- p.Kill()
			}
			problems <- p.Err()
		})
	}
	callers.Wait()
	close(problems)
	for problem := range problems {
		require.NoError(t, problem)
	}
	assert.True(t, gone(p.PID()))
}
