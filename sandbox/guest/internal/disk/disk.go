// Package disk is the root disk of a virtual machine: a folder that holds what
// the machine wrote under the paths it knows, such as
// /etc/rancher/rke2/config.yaml, and that outlives restarts of the machine.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// instanceMarker is where cloud-init notes which instance it has set up.
const instanceMarker = "/var/lib/cloud/data/instance-id"

// Disk is one machine's disk. It is no more safe for concurrent writes of the
// same file than any disk.
type Disk struct{ root string }

// Open returns the disk at a folder, which is created when it is missing.
func Open(root string) (*Disk, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("opening a disk: %w", err)
	}
	return &Disk{root: root}, nil
}

// Path is where the file that the machine knows by an absolute name lies on
// the host. A name cannot lead out of the disk.
func (d *Disk) Path(name string) string {
	return filepath.Join(d.root, filepath.Join("/", name))
}

// Write puts a file in place, with its folders. Nobody but the sandbox's own
// user can read it, whatever its mode inside the machine would be.
func (d *Disk) Write(name string, content []byte) error {
	path := d.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// Append adds to a file, which is created when it is missing.
func (d *Disk) Append(name string, content []byte) error {
	before, err := d.Read(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.Write(name, append(before, content...))
}

// Read returns a file's content; errors match fs.ErrNotExist when it is missing.
func (d *Disk) Read(name string) ([]byte, error) {
	content, err := os.ReadFile(d.Path(name))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return content, nil
}

// Exists reports whether a file or folder is there.
func (d *Disk) Exists(name string) bool {
	_, err := os.Stat(d.Path(name))
	return err == nil
}

// MkdirAll makes a folder.
func (d *Disk) MkdirAll(name string) error {
	if err := os.MkdirAll(d.Path(name), 0o700); err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	return nil
}

// RemoveAll deletes a file, or a folder with all it holds.
func (d *Disk) RemoveAll(name string) error {
	if err := os.RemoveAll(d.Path(name)); err != nil {
		return fmt.Errorf("removing %s: %w", name, err)
	}
	return nil
}

// List returns the names of the files in a folder, sorted; none when it is
// missing.
func (d *Disk) List(name string) ([]string, error) {
	entries, err := os.ReadDir(d.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", name, err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// SetUp reports whether cloud-init has set up this instance already: then a
// boot is a reboot, and runs nothing of the user-data again.
func (d *Disk) SetUp(instance string) bool {
	noted, err := d.Read(instanceMarker)
	return err == nil && string(noted) == instance
}

// MarkSetUp notes that cloud-init has set up this instance.
func (d *Disk) MarkSetUp(instance string) error {
	return d.Write(instanceMarker, []byte(instance))
}
