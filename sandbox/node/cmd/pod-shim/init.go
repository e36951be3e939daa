//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/shim"
)

// become makes the container's root file system and turns into its program.
func become() {
	runtime.LockOSThread()
	var spec shim.Spec
	file := os.NewFile(specDescriptor, "spec")
	must(json.NewDecoder(file).Decode(&spec), "reading its spec")
	must(file.Close(), "reading its spec")

	must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), "keeping its mounts to itself")
	must(unix.Mount("overlay", spec.Root, "overlay", 0,
		"lowerdir="+spec.Image+",upperdir="+spec.Upper+",workdir="+spec.Work+",userxattr"), "mounting its root file system")
	devices(spec.Root)
	for _, mount := range spec.Mounts {
		must(bind(mount, spec.Root), "mounting %s at %s", mount.Source, mount.Target)
	}
	must(unix.Mount("proc", inside(spec.Root, "/proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""), "mounting its /proc")
	must(enter(spec.Root), "entering its root file system")
	if spec.ReadOnly {
		must(unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""), "making its root file system read-only")
	}
	must(unix.Sethostname([]byte(spec.Hostname)), "naming its host")
	must(os.Chdir(spec.Directory), "changing to its working directory %s", spec.Directory)
	program, err := find(spec.Arguments[0], spec.Environment)
	must(err, "looking for %s", spec.Arguments[0])
	must(unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "giving up capabilities")
	must(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up privileges")
	must(syscall.Exec(program, spec.Arguments, spec.Environment), "running %s", program)
}

// inside makes a directory below root, for a mount.
func inside(root, target string) string {
	dir := filepath.Join(root, target)
	must(os.MkdirAll(dir, 0o755), "making %s", target)
	return dir
}

// devices are the few that programs expect.
func devices(root string) {
	dir := inside(root, "/dev")
	must(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID, "mode=755"), "mounting /dev")
	for _, device := range []string{"null", "zero", "full", "random", "urandom"} {
		must(bind(shim.Mount{Source: "/dev/" + device, Target: "/dev/" + device}, root), "mounting /dev/%s", device)
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		must(os.Symlink(target, filepath.Join(dir, name)), "making /dev/%s", name)
	}
	temporary := inside(root, "/tmp")
	must(os.Chmod(temporary, os.ModeSticky|0o777), "opening /tmp")
}

// bind mounts a file or directory of the machine below root.
func bind(mount shim.Mount, root string) error {
	info, err := os.Stat(mount.Source)
	if err != nil {
		return err
	}
	target := filepath.Join(root, mount.Target)
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else {
		err = errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), touch(target))
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(mount.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if !mount.ReadOnly {
		return nil
	}
	// What was mounted with restrictions keeps them: the kernel refuses to lift any.
	var stat unix.Statfs_t
	if err := unix.Statfs(target, &stat); err != nil {
		return err
	}
	kept := uintptr(stat.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME | unix.MS_RELATIME)
	return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|kept, "")
}

func touch(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

// enter makes root the only file system that is seen.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	// The old root comes to lie on the new one, and is taken off it.
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Chdir("/")
}

// find looks for a program along the container's PATH.
func find(name string, environment []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, entry := range environment {
		list, isPath := strings.CutPrefix(entry, "PATH=")
		if !isPath {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			candidate := path.Join(dir, name)
			if info, err := os.Stat(candidate); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return candidate, nil
			}
		}
	}
	return "", os.ErrNotExist
}
