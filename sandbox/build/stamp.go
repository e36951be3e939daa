package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// fingerprint is a digest of everything that decides what a third-party program
// is: its module's files, how it is built and by which Go.
func fingerprint(moduleDir string, p Program, goVersion string) (string, error) {
	digest := sha256.New()
	fmt.Fprintln(digest, goVersion, p.Package, p.VersionModule, p.Manifests, strings.Join(p.Links, ","), thirdPartyFlags)
	files := []string{filepath.Join(moduleDir, "go.mod"), filepath.Join(moduleDir, "go.sum")}
	for _, folder := range sourceFolders(moduleDir, p.Package) {
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return "", fmt.Errorf("listing %s: %w", folder, err)
		}
		files = append(files, slices.DeleteFunc(sources, func(file string) bool { return strings.HasSuffix(file, "_test.go") })...)
	}
	sort.Strings(files)
	for _, file := range files {
		if err := addFile(digest, file); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// sourceFolders are where the code of a tool module lies: its root, and its main package if that is elsewhere in it.
func sourceFolders(moduleDir, mainPackage string) []string {
	folders := []string{moduleDir}
	if folder := filepath.Join(moduleDir, mainPackage); strings.HasPrefix(mainPackage, "./") && folder != moduleDir {
		folders = append(folders, folder)
	}
	return folders
}

func addFile(digest io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading what a program is built from: %w", err)
	}
	defer file.Close()
	fmt.Fprintln(digest, filepath.Base(path))
	if _, err := io.Copy(digest, file); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// stamps remembers fingerprints in a folder, one small file a program.
type stamps struct{ dir string }

func (s stamps) path(p Program) string { return filepath.Join(s.dir, p.Name) }

func (s stamps) read(p Program) string {
	content, err := os.ReadFile(s.path(p))
	if err != nil {
		return "" // never built, as far as anyone knows
	}
	return strings.TrimSpace(string(content))
}

func (s stamps) write(p Program, value string) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("remembering what %s was built from: %w", p.Name, err)
	}
	if err := os.WriteFile(s.path(p), []byte(value+"\n"), 0o644); err != nil {
		return fmt.Errorf("remembering what %s was built from: %w", p.Name, err)
	}
	return nil
}
