package images

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpack writes the files of an archive below a directory, which it makes. No entry leads out of it. Owners are not kept: this
// user is the only one there is. Devices are left out.
func unpack(archive io.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(archive)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := place(root, header, entries); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// place writes one entry.
func place(root *os.Root, header *tar.Header, content io.Reader) error {
	target := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
	if target == "" {
		return nil
	}
	if err := root.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(target, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, target)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(path.Clean("/"+header.Linkname), "/"), target)
	case tar.TypeReg:
		return write(root, target, header.FileInfo().Mode().Perm(), content)
	}
	return nil
}

func write(root *os.Root, target string, mode os.FileMode, content io.Reader) error {
	file, err := root.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		return errors.Join(err, file.Close())
	}
	return errors.Join(file.Chmod(mode), file.Close())
}
