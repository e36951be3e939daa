package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Stdin is the argument that stands for standard input.
const Stdin = "-"

var (
	// ErrNoMatch says that a pattern matches no file.
	ErrNoMatch = errors.New("no file matches")
	// ErrEmptyDirectory says that a directory holds no manifest.
	ErrEmptyDirectory = errors.New("no .yaml, .yml or .json file below this directory")
)

var extensions = []string{".yaml", ".yml", ".json"}

// ReadError says that a file, or what an argument stands for, could not be read.
type ReadError struct {
	// Source is the file or the argument.
	Source string
	Err    error
}

// Error implements error.
func (e *ReadError) Error() string { return fmt.Sprintf("read manifests: %s: %v", e.Source, e.Err) }

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// SkipReason says why a file is not read.
type SkipReason string

const (
	// SkipPatch is for a file that a kustomization.yaml lists as a patch: it holds parts of objects.
	SkipPatch SkipReason = "a patch of kustomize"
	// SkipTemplate is for a template of a Helm chart: it is not YAML before it is rendered.
	SkipTemplate SkipReason = "a template of a Helm chart"
)

// Skipped is a file that is not read, although an argument stands for it.
type Skipped struct {
	Source string
	Reason SkipReason
	// By is the file that makes it so: the kustomization.yaml or the Chart.yaml.
	By string
}

// Selection is what arguments stand for.
type Selection struct {
	// Files to read, each once, in the order of the arguments and then of the names.
	Files []string
	// Skipped are files that hold no complete objects. Excluded files are not among them.
	Skipped []Skipped
	// Errors are about arguments that could not be read.
	Errors []*ReadError
}

// Find turns arguments into the names of files to read. A directory stands for all manifests below it, by the endings
// .yaml, .yml and .json, but not for what lies in hidden directories; a file is taken whatever its name is. A pattern
// such as "clusters/**/*.yaml" stands for the files that it matches. A pattern or a directory that stands for nothing is
// an error.
//
// Files that match one of the patterns in exclude, see [Excludes], are left out, as are patches of kustomize and
// templates of Helm charts.
func Find(arguments []string, exclude Excludes) Selection {
	f := &finder{exclude: exclude, seen: map[string]bool{}, patches: newPatches()}
	for _, argument := range arguments {
		if err := f.add(argument); err != nil {
			f.Errors = append(f.Errors, &ReadError{Source: argument, Err: withoutPath(err)})
		}
	}
	return f.Selection
}

type finder struct {
	Selection
	exclude Excludes
	seen    map[string]bool
	patches *patches
}

func (f *finder) add(argument string) error {
	if argument == Stdin {
		f.take(Stdin)
		return nil
	}
	info, err := os.Stat(argument)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(argument, "*?[{") {
		return f.match(argument)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return f.walk(argument)
	}
	f.consider(argument, "")
	return nil
}

func (f *finder) walk(root string) error {
	found := false
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(entry.Name(), ".") || f.exclude.match(path, root)) {
				return fs.SkipDir
			}
			return nil
		}
		if slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) {
			found = true
			f.consider(path, root)
		}
		return nil
	})
	if err == nil && !found {
		return ErrEmptyDirectory
	}
	return err
}

// match is for patterns that no shell has resolved, as in configuration files and on Windows.
func (f *finder) match(pattern string) error {
	files, err := doublestar.FilepathGlob(pattern, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return ErrNoMatch
	}
	slices.Sort(files)
	for _, file := range files {
		f.consider(file, "")
	}
	return nil
}

// consider takes a file unless it is excluded or holds no complete objects.
func (f *finder) consider(file, root string) {
	if f.exclude.match(file, root) {
		return
	}
	reason, by := SkipTemplate, chartOf(file)
	if by == "" {
		reason, by = SkipPatch, f.patches.of(file)
	}
	if by == "" {
		f.take(file)
		return
	}
	if !f.seen[file] {
		f.seen[file] = true
		f.Skipped = append(f.Skipped, Skipped{Source: file, Reason: reason, By: by})
	}
}

func (f *finder) take(file string) {
	if !f.seen[file] {
		f.seen[file] = true
		f.Files = append(f.Files, file)
	}
}

// withoutPath leaves out the path that errors of the file system name, since a ReadError names it.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
