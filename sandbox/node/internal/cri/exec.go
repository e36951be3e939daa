//go:build linux

package cri

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/creack/pty"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// inside makes a command that runs in a container's namespaces. Joining a user namespace takes a process with one thread, so
// util-linux' nsenter does it.
func (s *Server) inside(ctx context.Context, id string, arguments []string) (*exec.Cmd, error) {
	c, _, err := s.find(id)
	if err != nil {
		return nil, err
	}
	pid, err := c.pid()
	if err != nil {
		return nil, err
	}
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		return nil, fmt.Errorf("running a command in a container: %w: install util-linux", err)
	}
	// The process's root directory is the container's; env looks the command up there.
	command := exec.CommandContext(ctx, nsenter, append([]string{
		"--target=" + strconv.Itoa(pid), "--user", "--mount", "--net", "--pid", "--ipc", "--uts", "--preserve-credentials", "--",
	}, arguments...)...)
	command.Env = environment(c)
	command.WaitDelay = time.Second
	return command, nil
}

// ExecSync runs a command to its end: a probe, or a hook.
func (s *Server) ExecSync(ctx context.Context, request *runtimeapi.ExecSyncRequest) (*runtimeapi.ExecSyncResponse, error) {
	if timeout := time.Duration(request.GetTimeout()) * time.Second; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	command, err := s.inside(ctx, request.GetContainerId(), request.GetCmd())
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	if ctx.Err() != nil {
		return nil, status.Errorf(codes.DeadlineExceeded, "command %q took longer than %ds", request.GetCmd(), request.GetTimeout())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	code := int32(command.ProcessState.ExitCode())
	return &runtimeapi.ExecSyncResponse{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), ExitCode: code}, nil
}

// Exec says where a command's streams will be.
func (s *Server) Exec(_ context.Context, request *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	return s.streaming.GetExec(request)
}

// PortForward says where a port's stream will be.
func (s *Server) PortForward(_ context.Context, request *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	return s.streaming.GetPortForward(request)
}

// Attach is not offered.
func (s *Server) Attach(context.Context, *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	return nil, status.Error(codes.Unimplemented, "this node does not attach to running containers: use `kubectl logs` or `kubectl exec`")
}

// streams is the Server as the streams' handler, whose methods have the names of CRI's.
type streams struct{ *Server }

// Exec runs a command with streams.
func (s streams) Exec(ctx context.Context, id string, arguments []string, in io.Reader, out, complaints io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	command, err := s.inside(ctx, id, arguments)
	if err != nil {
		return err
	}
	if tty {
		err = onTerminal(command, in, out, resize)
	} else {
		err = onStreams(command, in, out, complaints)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

// onStreams does not wait for the end of what is typed: that comes when the user goes.
func onStreams(command *exec.Cmd, in io.Reader, out, complaints io.WriteCloser) error {
	if out != nil {
		command.Stdout = out
	}
	if complaints != nil {
		command.Stderr = complaints
	}
	if in == nil {
		return command.Run()
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(stdin, in)
		_ = stdin.Close()
	}()
	return command.Run()
}

func onTerminal(command *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.Start(command)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	if out != nil {
		_, _ = io.Copy(out, terminal) // ends with an error when the last process has closed the terminal
	}
	return command.Wait()
}

// Attach is not offered.
func (s streams) Attach(context.Context, string, io.Reader, io.WriteCloser, io.WriteCloser, bool, <-chan remotecommand.TerminalSize) error {
	return errors.ErrUnsupported
}

// PortForward reaches a port at the Pod's address. What listens on the Pod's loopback alone is not reached.
func (s streams) PortForward(ctx context.Context, id string, port int32, stream io.ReadWriteCloser) error {
	s.mu.Lock()
	box, ok := s.sandboxes[id]
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("pod sandbox %s: %w", id, os.ErrNotExist)
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(box.address, strconv.Itoa(int(port))))
	if err != nil {
		return err
	}
	defer connection.Close()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	})
	both.Go(func() {
		_, _ = io.Copy(stream, connection)
		_ = stream.Close()
	})
	both.Wait()
	return nil
}
