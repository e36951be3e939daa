//go:build linux

// Package lifeline ties a program to the process that started it. Importing it is enough: it works before main begins.
//
// A test that is killed stops none of its children, and a child that lives on holds what it inherited, such as a lock.
// envtest starts its children without a tie, so they tie themselves.
package lifeline

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	if !isServer(os.Args) {
		return
	}

	closeInherited()
	endWithParent()
}

// isServer tells whether a server was called. kubectl is not one: a shell hands it descriptors to read from.
func isServer(args []string) bool {
	for _, arg := range args[:min(2, len(args))] {
		switch filepath.Base(arg) {
		case "etcd", "kube-apiserver", "kube-controller-manager":
			return true
		}
	}
	return false
}

// closeInherited closes what whoever started this program left open. Go opens everything of its own with FD_CLOEXEC, and
// that flag does not survive exec; so a descriptor without it was inherited.
func closeInherited() {
	paths, _ := filepath.Glob("/proc/self/fd/*")
	for _, path := range paths {
		descriptor, err := strconv.Atoi(filepath.Base(path))
		if err != nil || descriptor <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(descriptor)
		}
	}
}

// endWithParent kills this program when its parent has ended. PR_SET_PDEATHSIG goes by the thread that forked, and a Go
// program's threads come and go; a descriptor of the process goes by the process.
func endWithParent() {
	parent := os.Getppid()
	if adopted(parent, nameOf(parent)) {
		os.Exit(1)
	}
	descriptor, err := unix.PidfdOpen(parent, 0)
	if errors.Is(err, unix.ESRCH) || os.Getppid() != parent {
		os.Exit(1)
	}
	if err != nil {
		return // A kernel before 5.3: whoever started this program has to stop it.
	}
	go func() {
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}, -1)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err == nil {
				_ = unix.Kill(os.Getpid(), unix.SIGKILL)
			}
			return
		}
	}()
}

// adopted tells whether the process that started this one has ended before it could be looked at. An orphan's parent is
// init, or systemd as a session's reaper. In a container a test or the sandbox may itself be the first process.
func adopted(parent int, name string) bool {
	if parent == 1 {
		return name != "caphv-sandbox" && !strings.HasSuffix(name, ".test")
	}
	return name == "systemd"
}

func nameOf(process int) string {
	arguments, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process), "cmdline"))
	name, _, _ := strings.Cut(string(arguments), "\x00")
	return filepath.Base(name)
}
