package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// write puts every module into a directory as it is tagged: what git tracks of it, without replaces of siblings, and with
// requirements of their released versions. The go command refuses to install a program of a module with a replace.
func (p *plan) write(ctx context.Context, root, out string) error {
	sums := map[string][]string{}
	for _, name := range p.Modules {
		files, err := tracked(ctx, root, name)
		if err != nil {
			return err
		}
		for _, file := range files {
			content, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				return err
			}
			if err := writeFile(filepath.Join(out, file), content); err != nil {
				return err
			}
		}
		if err := p.releaseMod(out, name, sums); err != nil {
			return err
		}
		if sums[name], err = p.sums(root, out, name); err != nil {
			return err
		}
	}
	return nil
}

// tracked lists the files of a module that git tracks, without those of modules below it.
func tracked(ctx context.Context, root, name string) ([]string, error) {
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", name) //nolint:gosec // a directory of this tree
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files %s: %w", name, err)
	}
	var files, nested []string
	for _, file := range strings.Split(strings.TrimRight(string(output), "\x00"), "\x00") {
		if dir := path.Dir(file); path.Base(file) == "go.mod" && dir != name {
			nested = append(nested, dir+"/")
		}
		files = append(files, file)
	}
	return slices.DeleteFunc(files, func(file string) bool {
		return slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(file, dir) })
	}), nil
}

// releaseMod rewrites go.mod and go.sum of a module in the output directory.
func (p *plan) releaseMod(out, name string, sums map[string][]string) error {
	file, err := readMod(out, name)
	if err != nil {
		return err
	}
	added, err := p.releaseRequires(file)
	if err != nil {
		return fmt.Errorf("%s/go.mod: %w", name, err)
	}
	text, err := file.Format()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(out, name, "go.mod"), text); err != nil {
		return err
	}
	path := filepath.Join(out, name, "go.sum")
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(old)), "\n")
	for _, sibling := range added {
		lines = append(lines, sums[sibling]...)
	}
	slices.Sort(lines)
	return writeFile(path, []byte(strings.Join(lines, "\n")+"\n"))
}

// releaseRequires replaces paths by versions, and returns the siblings that it did so for. A replace of anything else is
// an error: whoever installs from the module would not get it.
func (p *plan) releaseRequires(file *modfile.File) ([]string, error) {
	var siblings []string
	for _, replaced := range slices.Clone(file.Replace) {
		old := replaced.Old // DropReplace clears what it drops.
		sibling, ours := strings.CutPrefix(old.Path, prefix)
		if !ours || p.Version[sibling] == "" {
			return nil, fmt.Errorf("the replace of %s cannot be released: `go install` of a version refuses it", old.Path)
		}
		if err := file.DropReplace(old.Path, old.Version); err != nil {
			return nil, err
		}
		if err := file.AddRequire(old.Path, p.Version[sibling]); err != nil {
			return nil, err
		}
		siblings = append(siblings, sibling)
	}
	file.Cleanup()
	return siblings, nil
}

// sums are the lines that go.sum holds of a released module.
func (p *plan) sums(root, out, name string) ([]string, error) {
	version := module.Version{Path: prefix + name, Version: p.Version[name]}
	archive, err := os.CreateTemp("", "module-*.zip")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = archive.Close()
		_ = os.Remove(archive.Name())
	}()
	if err := writeZip(archive, root, out, version, name); err != nil {
		return nil, err
	}
	whole, err := dirhash.HashZip(archive.Name(), dirhash.Hash1)
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(filepath.Join(out, name, "go.mod"))
	if err != nil {
		return nil, err
	}
	only, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(mod)), nil })
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s %s %s", version.Path, version.Version, whole),
		fmt.Sprintf("%s %s/go.mod %s", version.Path, version.Version, only),
	}, nil
}

// writeZip writes the zip of a module as the go command makes it of a tag. A module without a LICENSE of its own gets that
// of the repository (cmd/go/internal/modfetch/coderepo.go, Zip).
func writeZip(to io.Writer, root, out string, version module.Version, name string) error {
	var files []zip.File
	base := filepath.Join(out, name)
	err := filepath.WalkDir(base, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(base, path)
		files = append(files, fileOnDisk{name: filepath.ToSlash(relative), path: path})
		return err
	})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f zip.File) bool { return f.Path() == "LICENSE" }) {
		files = append(files, fileOnDisk{name: "LICENSE", path: filepath.Join(root, "LICENSE")})
	}
	return zip.Create(to, version, files)
}

// fileOnDisk is a file in a module's zip.
type fileOnDisk struct{ name, path string }

// Path in the zip.
func (f fileOnDisk) Path() string { return f.name }

// Lstat describes the file.
func (f fileOnDisk) Lstat() (os.FileInfo, error) { return os.Lstat(f.path) }

// Open reads the file.
func (f fileOnDisk) Open() (io.ReadCloser, error) { return os.Open(f.path) }
