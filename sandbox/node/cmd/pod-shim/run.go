//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// specDescriptor is where the runtime puts the container's spec.
const specDescriptor = 3

// run starts a container in the network namespace of a process, passes signals on to it, and ends with its exit code. It is
// not inside the container itself: only from outside may one join the Pod's network and say who the container's user is.
func run(arguments []string) {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	network := flags.Int("net", 0, "process whose network namespace is joined; 0 stays in this one")
	uid := flags.Int("uid", 0, "the container's user")
	gid := flags.Int("gid", 0, "the container's group")
	pidFile := flags.String("pid-file", "", "file that gets the id of the container's first process")
	must(flags.Parse(arguments), "reading flags")

	// Joining a namespace concerns one thread; the container is started by that thread, and ends with it.
	runtime.LockOSThread()
	if *network != 0 {
		must(join(*network), "joining the Pod's network")
	}
	command := exec.CommandContext(context.Background(), "/proc/self/exe", "init")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.ExtraFiles = []*os.File{os.NewFile(specDescriptor, "spec")}
	command.Env = []string{}
	command.SysProcAttr = container(*uid, *gid)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	must(command.Start(), "making its namespaces")
	must(announce(*pidFile, command.Process.Pid), "writing its process id")
	go func() {
		for received := range signals {
			_ = command.Process.Signal(received) // it may have ended
		}
	}()
	os.Exit(exitCode(command.Wait(), command.ProcessState))
}

// container has a user of its own number, who is this one to the machine. The capabilities are for making the root file
// system; they are given up before the container's program starts.
func container(uid, gid int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: os.Getgid(), Size: 1}},
		Credential:  &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE},
		Pdeathsig:   syscall.SIGKILL,
	}
}

func join(process int) error {
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", process))
	if err != nil {
		return err
	}
	defer namespace.Close()
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}

// announce writes the file as a whole: whoever reads it reads all of it.
func announce(path string, process int) error {
	if path == "" {
		return nil
	}
	written := filepath.Join(filepath.Dir(path), ".pid")
	if err := os.WriteFile(written, []byte(strconv.Itoa(process)), 0o600); err != nil {
		return err
	}
	return os.Rename(written, path)
}

// exitCode is what a shell says: 128 and the signal's number for a process that was killed.
func exitCode(err error, state *os.ProcessState) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return failed
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
