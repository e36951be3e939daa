package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// platforms that commands are built for.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// commands by name, with the module and the package they are built from.
var commands = map[string]struct{ module, pkg string }{
	"caphv-doctor":   {"provider", "./cmd/caphv-doctor"},
	"caphv-etcd":     {"etcdops", "./cmd/caphv-etcd"},
	"caphv-generate": {"generate", "./cmd/caphv-generate"},
	"caphv-ipam":     {"provider", "./cmd/caphv-ipam"},
	"caphv-lint":     {"validation", "./cmd/caphv-lint"},
	"caphv-restore":  {"provider", "./cmd/caphv-restore"},
}

// addBinaries builds the commands for every platform, and adds an archive each, a bill of materials of all, man
// pages, and the manifest of the kubectl plugin.
func (s settings) addBinaries(ctx context.Context, assets map[string][]byte, changed time.Time) error {
	if !s.binaries {
		return nil
	}
	dir, err := os.MkdirTemp("", "binaries")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bill := newBill(s.image.Tag, changed)
	for _, platform := range platforms {
		for _, name := range sortedKeys(commands) {
			path := filepath.Join(dir, strings.ReplaceAll(platform, "/", "-"), name)
			if err := s.build(ctx, name, platform, path); err != nil {
				return err
			}
			if err := bill.add(name, platform, path); err != nil {
				return err
			}
			packed, err := s.pack(name, platform, path, changed)
			if err != nil {
				return err
			}
			assets[archiveName(name, s.image.Tag, platform)] = packed
		}
	}
	if assets["caphv.spdx.json"], err = bill.json(); err != nil {
		return err
	}
	if assets["caphv-doctor.krew.yaml"], err = krewManifest(s.image.Tag, assets); err != nil {
		return err
	}
	assets["man.tar.gz"], err = s.manPages(ctx, dir, changed)
	return err
}

// build builds a command so that the same tree gives the same bytes: no paths, no build id, no version control.
func (s settings) build(ctx context.Context, name, platform, to string) error {
	system, architecture, _ := strings.Cut(platform, "/")
	command := commands[name]
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(s.root, command.module), "-trimpath", "-buildvcs=false", //nolint:gosec // a fixed table
		"-ldflags", "-s -w -buildid= -X main.version="+s.image.Tag, "-o", to, command.pkg)
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture, "GOAMD64=v1", "GOFLAGS=")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s for %s: %w\n%s", name, platform, err, output)
	}
	return nil
}

// pack puts a command and the license into an archive.
func (s settings) pack(name, platform, path string, changed time.Time) ([]byte, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(filepath.Join(s.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	return archive(map[string]entry{executable(name, platform): {program, true}, "LICENSE": {license, false}}, changed)
}

// manPages are those that every command writes about itself, so that none can be older than its command. A command
// without them is an error.
func (s settings) manPages(ctx context.Context, dir string, changed time.Time) ([]byte, error) {
	here := exec.CommandContext(ctx, "go", "env", "GOHOSTOS", "GOHOSTARCH")
	output, err := here.Output()
	if err != nil {
		return nil, err
	}
	pages := filepath.Join(dir, "man")
	for _, name := range sortedKeys(commands) {
		program := filepath.Join(dir, "man-writer-"+name)
		if err := s.build(ctx, name, strings.Join(strings.Fields(string(output)), "/"), program); err != nil {
			return nil, err
		}
		if output, err := exec.CommandContext(ctx, program, "man", pages).CombinedOutput(); err != nil { //nolint:gosec // built just now
			return nil, fmt.Errorf("write the man pages of %s: %w\n%s", name, err, output)
		}
		if _, err := os.Stat(filepath.Join(pages, name+".1")); err != nil {
			return nil, fmt.Errorf("%s has written no man page: %w", name, err)
		}
	}
	files, err := readDir(dir, "man", "man1")
	if err != nil {
		return nil, err
	}
	return archive(files, changed)
}
