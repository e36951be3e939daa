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

// ErrNoMatch says that a pattern matches no file.
var ErrNoMatch = errors.New("no file matches")

var extensions = []string{".yaml", ".yml", ".json"}

// Find turns arguments into the names of files to read. A folder stands for all manifests below it, by the endings
// .yaml, .yml and .json, but not for what lies in hidden folders; a file is taken whatever its name is. A pattern
// such as "clusters/**/*.yaml" stands for the files that it matches, of which there must be one. The order is
// that of the arguments and then of the names, and each file comes once. The error joins those of all arguments that
// could not be read.
func Find(arguments []string) ([]string, error) {
	var (
		files []string
		errs  []error
	)
	for _, argument := range arguments {
		found, err := find(argument)
		if err != nil {
			errs = append(errs, err)
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, errors.Join(errs...)
}

func find(argument string) ([]string, error) {
	if argument == Stdin {
		return []string{Stdin}, nil
	}
	info, err := os.Stat(argument)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(argument, "*?[{") {
		return match(argument)
	}
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	if !info.IsDir() {
		return []string{argument}, nil
	}
	var files []string
	err = filepath.WalkDir(argument, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read manifests: %w", err)
		case entry.IsDir() && path != argument && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// match is for patterns that no shell has resolved, as in configuration files and on Windows.
func match(pattern string) ([]string, error) {
	files, err := doublestar.FilepathGlob(pattern, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, fmt.Errorf("read manifests: %s: %w", pattern, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read manifests: %s: %w", pattern, ErrNoMatch)
	}
	slices.Sort(files)
	return files, nil
}
