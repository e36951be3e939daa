package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// run starts the command and waits for it on a thread of its own. The kernel
// sends Pdeathsig when the thread that forked the child ends, not when the
// program does; a thread that stays locked to this goroutine until the child is
// gone cannot end before.
func (p *Process) run(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := command.Start(); err != nil {
			started <- err
			return
		}
		p.pid = command.Process.Pid
		started <- nil
		sweep(p.pid)
		p.finish(p.reap(command))
	}()
	return <-started
}

// sweep waits until the leader of the group has exited and kills what it left
// running. The leader is not reaped yet at that time, so that its number cannot
// have become another group's.
func sweep(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	// The one refusal possible here is ours to ignore: there is nobody else to
	// tell, and the leader is gone already.
	_ = signalGroup(pid, syscall.SIGKILL)
}

// signalGroup reaches every process of a group; an empty group is no error.
func signalGroup(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(-pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
