package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// File is an object with the name of its file. The names sort in the order in which the objects must be applied.
type File struct {
	Name   string
	Object *unstructured.Unstructured
}

// FileSet is a list of files in the order in which they must be applied.
type FileSet []File

// Files names a file for each object.
func Files(objects []*unstructured.Unstructured) FileSet {
	files := make(FileSet, 0, len(objects))
	for i, object := range objects {
		name := fmt.Sprintf("%02d-%s-%s.yaml", i+1, strings.ToLower(object.GetKind()), object.GetName())
		files = append(files, File{name, object})
	}
	return files
}

// Take removes the objects of a kind, and returns them with the names they had.
func (f *FileSet) Take(kind string) FileSet {
	var taken FileSet
	for _, file := range *f {
		if file.Object.GetKind() == kind {
			taken = append(taken, file)
		}
	}
	*f = slices.DeleteFunc(*f, func(file File) bool { return file.Object.GetKind() == kind })
	return taken
}

// Objects returns what is in the files.
func (f FileSet) Objects() []*unstructured.Unstructured {
	objects := make([]*unstructured.Unstructured, 0, len(f))
	for _, file := range f {
		objects = append(objects, file.Object)
	}
	return objects
}

// Write writes the files into a directory, which is made if need be. A file that exists is replaced as a whole. Secrets are
// readable by the owner only.
func (f FileSet) Write(dir string) error {
	return f.write(dir, 0o755) // The Secret's file has a mode of its own.
}

const ignoreAll = "# Credentials: written by caphv-generate, and not for Git.\n*\n"

// WritePrivate is Write into a directory that only the owner can read, if it is new, and that Git ignores.
func (f FileSet) WritePrivate(dir string) error {
	if err := f.write(dir, 0o700); err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, ".gitignore"), []byte(ignoreAll), 0o644); err != nil {
		return fmt.Errorf("keeping Secrets out of Git: %w", err)
	}
	return nil
}

// Remove removes the files from a directory, as far as they are there.
func (f FileSet) Remove(dir string) error {
	for _, file := range f {
		if err := os.Remove(filepath.Join(dir, file.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the earlier %s: %w", Title(file.Object), err)
		}
	}
	return nil
}

func (f FileSet) write(dir string, mode os.FileMode) error {
	if err := os.MkdirAll(dir, mode); err != nil {
		return fmt.Errorf("making the directory for the manifests: %w", err)
	}
	for _, file := range f {
		document, err := Render(file.Object)
		if err != nil {
			return err
		}
		if err := replace(filepath.Join(dir, file.Name), document, modeOf(file.Object)); err != nil {
			return fmt.Errorf("writing %s: %w", Title(file.Object), err)
		}
	}
	return nil
}

func modeOf(object *unstructured.Unstructured) os.FileMode {
	if object.GetKind() == "Secret" {
		return 0o600
	}
	return 0o644
}

// replace never leaves half a file, whenever it is interrupted.
func replace(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".caphv-generate-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := io.Copy(file, bytes.NewReader(content)); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Chmod(file.Name(), mode); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
