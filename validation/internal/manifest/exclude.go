package manifest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Excludes are patterns of files to leave out, such as "vendor", "**/generated/**" or "*.enc.yaml". A pattern is
// compared with the file's path from the working directory, from the directory that was named, and as it is; and with
// the directories on that path. A pattern without a slash is also compared with each name on the path.
type Excludes []string

// Check returns an error for a pattern that is not one.
func (e Excludes) Check() error {
	for _, pattern := range e {
		if !doublestar.ValidatePattern(clean(pattern)) || pattern == "" {
			return fmt.Errorf("exclude: %q is not a pattern", pattern)
		}
	}
	return nil
}

// match tells whether a path is left out. root is the directory that was named, or empty.
func (e Excludes) match(file, root string) bool {
	if len(e) == 0 {
		return false
	}
	names := []string{filepath.ToSlash(filepath.Clean(file))}
	if root != "" {
		names = appendRelative(names, root, file)
	}
	if working, err := os.Getwd(); err == nil {
		if absolute, err := filepath.Abs(file); err == nil {
			names = appendRelative(names, working, absolute)
		}
	}
	for _, pattern := range e {
		for _, name := range names {
			if matchAny(clean(pattern), name) {
				return true
			}
		}
	}
	return false
}

func appendRelative(names []string, from, to string) []string {
	relative, err := filepath.Rel(from, to)
	if err != nil || strings.HasPrefix(relative, "..") {
		return names
	}
	return append(names, filepath.ToSlash(relative))
}

// matchAny compares a pattern with a path and with every directory on it.
func matchAny(pattern, name string) bool {
	anywhere := !strings.Contains(pattern, "/")
	for name != "." && name != "/" && name != "" {
		if doublestar.MatchUnvalidated(pattern, name) || anywhere && doublestar.MatchUnvalidated(pattern, path.Base(name)) {
			return true
		}
		name = path.Dir(name)
	}
	return false
}

func clean(pattern string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(pattern), "./"), "/")
}
