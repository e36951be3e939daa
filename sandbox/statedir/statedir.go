// Package statedir owns the folder one sandbox lives in: it lets one process in
// at a time, sweeps away what a killed predecessor left, and tells others where
// the running one can be reached.
//
// The lock is the kernel's (flock), so that it ends with its holder however
// that dies. It clears only folders that it marked as its own.
package statedir

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

var (
	// ErrRunning means that a live process holds the folder.
	ErrRunning = errors.New("a sandbox runs already in this folder")
	// ErrForeign means that the folder holds files but was never a sandbox's.
	ErrForeign = errors.New("this folder is not empty and was not made by a sandbox; name another with --state-dir")
	// ErrAbsent means that no live process holds the folder.
	ErrAbsent = errors.New("no sandbox runs in this folder")
)

// Info is what a running sandbox tells about itself.
type Info struct {
	// PID of the process that holds the folder.
	PID int `json:"pid"`
	// Started is when it took the folder.
	Started time.Time `json:"started"`
	// Socket is the path of its control socket.
	Socket string `json:"socket"`
}

const (
	lockName = "lock"
	infoName = "sandbox.json"
	// socketPathLimit is Linux' for the path of a Unix socket, the ending zero
	// included.
	socketPathLimit = 108
)

// Dir is a folder held by this process.
type Dir struct {
	path string
	lock *os.File
	info Info
}

// Take locks the folder, making it if missing, and empties it. It fails with
// ErrRunning while another process holds it and with ErrForeign when it holds
// what is not a sandbox's.
func Take(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := checkOurs(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrRunning, path)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	d := &Dir{path: path, lock: lock, info: Info{PID: os.Getpid(), Started: time.Now(), Socket: socketPath(path)}}
	if err := d.clear(); err != nil {
		lock.Close()
		return nil, err
	}
	if err := d.write(); err != nil {
		lock.Close()
		return nil, err
	}
	return d, nil
}

// checkOurs refuses a folder that somebody may keep something else in.
func checkOurs(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(path, lockName)); err != nil {
		return fmt.Errorf("%w: %s", ErrForeign, path)
	}
	return nil
}

// clear removes everything but the lock.
func (d *Dir) clear() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("clearing the state of an earlier run: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == lockName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.path, entry.Name())); err != nil {
			return fmt.Errorf("clearing the state of an earlier run: %w", err)
		}
	}
	return os.RemoveAll(filepath.Dir(d.fallbackSocket()))
}

func (d *Dir) write() error {
	content, err := json.MarshalIndent(d.info, "", "  ")
	if err != nil {
		return fmt.Errorf("describing the sandbox: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(d.info.Socket), 0o700); err != nil {
		return fmt.Errorf("folder of the control socket: %w", err)
	}
	if err := os.WriteFile(filepath.Join(d.path, infoName), append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("describing the sandbox: %w", err)
	}
	return nil
}

// Path of the folder.
func (d *Dir) Path() string { return d.path }

// Sub is the path of an entry of the folder.
func (d *Dir) Sub(name string) string { return filepath.Join(d.path, name) }

// Info as others read it.
func (d *Dir) Info() Info { return d.info }

// Release lets the folder go. Logs stay for whoever wants to read them; the
// next Take removes them.
func (d *Dir) Release() error {
	return errors.Join(
		os.RemoveAll(filepath.Join(d.path, infoName)),
		os.RemoveAll(d.info.Socket),
		os.RemoveAll(filepath.Dir(d.fallbackSocket())),
		d.lock.Close(),
	)
}

func (d *Dir) fallbackSocket() string { return fallbackSocket(d.path) }

// Find tells how to reach the sandbox that runs in a folder; ErrAbsent when
// none does, even if a killed one left its description.
func Find(path string) (Info, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Info{}, fmt.Errorf("state folder: %w", err)
	}
	lock, err := os.Open(filepath.Join(path, lockName))
	if err != nil {
		return Info{}, fmt.Errorf("%w: %s", ErrAbsent, path)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		return Info{}, fmt.Errorf("%w: %s", ErrAbsent, path)
	}
	content, err := os.ReadFile(filepath.Join(path, infoName))
	if err != nil {
		return Info{}, fmt.Errorf("%w: %s", ErrAbsent, path)
	}
	var info Info
	if err := json.Unmarshal(content, &info); err != nil {
		return Info{}, fmt.Errorf("reading %s: %w", filepath.Join(path, infoName), err)
	}
	return info, nil
}

// socketPath lies in the folder unless that is too deep for a socket.
func socketPath(path string) string {
	inside := filepath.Join(path, "control.sock")
	if len(inside) < socketPathLimit {
		return inside
	}
	return fallbackSocket(path)
}

func fallbackSocket(path string) string {
	digest := fnv.New64a()
	digest.Write([]byte(path))
	return filepath.Join(os.TempDir(), fmt.Sprintf("caphv-sandbox-%d-%x", os.Getuid(), digest.Sum64()), "control.sock")
}
