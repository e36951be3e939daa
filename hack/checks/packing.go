package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// proxy is a directory that the go command reads as a module proxy
// (https://go.dev/ref/mod#goproxy-protocol, with a file: URL).
type proxy struct{ dir string }

// pack adds a module's directory to the proxy as the go command would publish
// it, and returns the version it got. The version names the content, so that
// a module cache never serves an older state of the tree.
func (p proxy) pack(root, library string) (module.Version, error) {
	version := module.Version{Path: prefix + library, Version: "v0.0.0"}
	content, err := p.zip(root, library, version)
	if err != nil {
		return module.Version{}, err
	}
	version.Version = "v0.0.0-pack." + content[:12]
	if _, err := p.zip(root, library, version); err != nil {
		return module.Version{}, err
	}
	return version, p.describe(root, library, version)
}

// zip writes the module's zip and returns the hash of its bytes.
func (p proxy) zip(root, library string, version module.Version) (hash string, err error) {
	path, err := p.path(version, ".zip")
	if err != nil {
		return "", err
	}
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = zip.CreateFromDir(io.MultiWriter(file, sum), version, filepath.Join(root, library))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return "", fmt.Errorf("zip %s: %w", library, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// describe writes the .mod, .info and list files beside the zip.
func (p proxy) describe(root, library string, version module.Version) error {
	mod, err := os.ReadFile(filepath.Join(root, library, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version.Version, time.Unix(0, 0).UTC()})
	if err != nil {
		return err
	}
	for suffix, content := range map[string][]byte{".mod": mod, ".info": info} {
		path, err := p.path(version, suffix)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	list, err := p.path(module.Version{Path: version.Path}, "list")
	if err != nil {
		return err
	}
	return os.WriteFile(list, []byte(version.Version+"\n"), 0o600)
}

// path returns the file of a version in the proxy; its directory exists after.
func (p proxy) path(version module.Version, suffix string) (string, error) {
	escaped, err := module.EscapePath(version.Path)
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.dir, escaped, "@v", version.Version+suffix)
	return path, os.MkdirAll(filepath.Dir(path), 0o750)
}
