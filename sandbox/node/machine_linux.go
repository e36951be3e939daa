package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrRefused means that the kernel lets this user make no namespaces.
var ErrRefused = errors.New("the kernel refuses user namespaces to this process. " +
	"Allow them: `sysctl -w user.max_user_namespaces=10000`; on Debian before 11 `sysctl -w kernel.unprivileged_userns_clone=1`; " +
	"on Ubuntu from 23.10 `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`; " +
	"in a container run it with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`")

// marker is set in the environment of a program that runs inside a machine.
const marker = "CAPHV_INSIDE_NODE"

// Inside tells whether this process runs in a machine that Reenter made.
func Inside() bool { return os.Getenv(marker) != "" }

// Reenter runs this program again, with these arguments, as the first process of a machine of its own, and returns its exit
// code. The machine is gone when this returns; it is gone, too, when this process is killed, or ctx ends.
//
// environment has further KEY=value entries. It returns ErrRefused if the kernel makes no namespaces for this user.
func Reenter(ctx context.Context, arguments, environment []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, fmt.Errorf("finding this program: %w", err)
	}
	command := exec.CommandContext(ctx, self, arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(append(os.Environ(), marker+"=1"), environment...)
	command.SysProcAttr = machine()
	// The first process of a machine is deaf to signals that it does not handle, so a key press is for it to handle, or not.
	command.Cancel = func() error { return command.Process.Kill() }

	// The kernel kills the machine when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGINT)
	defer signal.Stop(ignored)
	if err := command.Start(); err != nil {
		return 1, refusal(err)
	}
	err = command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("waiting for the machine: %w", err)
	}
	if code := command.ProcessState.ExitCode(); code >= 0 {
		return code, ctx.Err()
	}
	return 1, fmt.Errorf("the machine ended by %s", command.ProcessState)
}

// machine has namespaces of everything that a node changes. Its only user is this one, who is root there.
func machine() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
}

// refusal tells a kernel that refuses namespaces from other failures.
func refusal(err error) error {
	for _, refused := range []error{syscall.EPERM, syscall.ENOSPC, syscall.EUSERS, syscall.EINVAL, syscall.ENOSYS, syscall.EACCES} {
		if errors.Is(err, refused) {
			return fmt.Errorf("making a machine: %w: %w", err, ErrRefused)
		}
	}
	return fmt.Errorf("making a machine: %w", err)
}

// Settle prepares a machine from inside, before anything else is done there: its own processes in /proc, and empty, private
// directories in place of those that a kubelet writes to. It returns ErrRefused where the kernel shows no processes to
// namespaces, as in most containers.
func Settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping the machine's mounts to itself: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting the machine's /proc: %w", refusal(err))
	}
	for _, dir := range []string{"/run", "/var/log"} {
		target, err := filepath.EvalSymlinks(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("preparing the machine: %w", err)
		}
		if err := unix.Mount("tmpfs", target, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mounting an empty %s: %w", target, err)
		}
	}
	return nil
}
