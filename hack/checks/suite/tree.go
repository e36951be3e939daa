package suite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Digest names the state of everything that a test may depend on: the repository's files, committed or not, the
// third-party programs that were built, and the versions of Go.
func Digest(ctx context.Context, root string) (string, error) {
	names, err := git(ctx, root, "ls-files", "-co", "--exclude-standard", "-z")
	if err != nil {
		return "", err
	}
	stamps, err := filepath.Glob(filepath.Join(root, "bin", ".stamps", "*"))
	if err != nil {
		return "", err
	}
	files := strings.Split(strings.TrimRight(names, "\x00"), "\x00")
	for _, stamp := range stamps {
		relative, err := filepath.Rel(root, stamp)
		if err != nil {
			return "", err
		}
		files = append(files, relative)
	}
	slices.Sort(files)

	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), os.Getenv("KUBEBUILDER_ASSETS"))
	for _, name := range files {
		if err := digestFile(sum, root, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func digestFile(sum io.Writer, root, name string) error {
	data, err := os.ReadFile(filepath.Join(root, name))
	if errors.Is(err, fs.ErrNotExist) { // deleted, not yet committed
		return nil
	}
	if err != nil {
		return err
	}
	content := sha256.Sum256(data)
	fmt.Fprintf(sum, "%s %x\n", name, content)
	return nil
}

// Changed lists the files that differ from where the branch left base, committed or not, relative to root.
func Changed(ctx context.Context, root, base string) ([]string, error) {
	fork, err := git(ctx, root, "merge-base", "HEAD", base)
	if err != nil {
		return nil, err
	}
	differing, err := git(ctx, root, "diff", "--name-only", "-z", strings.TrimSpace(fork))
	if err != nil {
		return nil, err
	}
	added, err := git(ctx, root, "ls-files", "-o", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	names := strings.FieldsFunc(differing+added, func(r rune) bool { return r == 0 })
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Touched keeps the packages that a change can break within their module: those that hold a changed file, and those that
// import one of them.
func Touched(packages []Package, changed []string) []Package {
	dirs := map[string]bool{}
	for _, name := range changed {
		dirs[packageOf(name)] = true
	}
	byDir := func(p Package, importPath string) bool {
		module := strings.TrimSuffix(strings.TrimSuffix(p.ImportPath, strings.TrimPrefix(p.Name, p.Module)), "/")
		return dirs[p.Module+strings.TrimPrefix(importPath, module)]
	}
	return slices.DeleteFunc(slices.Clone(packages), func(p Package) bool {
		return !dirs[p.Name] && !slices.ContainsFunc(p.imports, func(imported string) bool { return byDir(p, imported) })
	})
}

// packageOf is the directory of the package that a file belongs to.
func packageOf(name string) string {
	dir, _, _ := strings.Cut(filepath.ToSlash(filepath.Dir(name))+"/", "/testdata/")
	return strings.TrimSuffix(dir, "/")
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(output), nil
}
