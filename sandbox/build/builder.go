package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Builder builds programs of one repository. Builders in several processes take
// turns; one Builder is not safe for concurrent use.
type Builder struct {
	// Root is the repository's folder.
	Root string
	// Out receives the signs of life.
	Out io.Writer
	// Force builds third-party programs even if nothing changed.
	Force bool
}

// Build makes the named programs, those that are up to date excepted. ctx ends
// a running build.
func (b *Builder) Build(ctx context.Context, names ...string) error {
	wanted, err := lookup(names)
	if err != nil {
		return err
	}
	unlock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, p := range wanted {
		if err := b.one(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// one builds a program if it is not up to date.
func (b *Builder) one(ctx context.Context, p Program) error {
	if b.suppliedElsewhere(p) {
		fmt.Fprintf(b.Out, "  %-18s taken from %s=%s\n", p.Name, AssetsVariable, os.Getenv(AssetsVariable))
		return nil
	}
	mark := ""
	if p.ThirdParty {
		var err error
		if mark, err = fingerprint(b.module(p), p, runtime.Version()); err != nil {
			return err
		}
		if !b.Force && b.upToDate(p, mark) {
			return nil
		}
		fmt.Fprintf(b.Out, "  %-18s %s\n", p.Name, p.Title)
	}
	if err := b.compileVisibly(ctx, p); err != nil {
		return err
	}
	if mark == "" {
		return nil
	}
	return b.stamps().write(p, mark)
}

// suppliedElsewhere tells whether the environment already names the binaries a
// program stands for.
func (b *Builder) suppliedElsewhere(p Program) bool {
	return len(p.Links) > 0 && !sameFolder(b.paths().Assets(), b.paths().ownAssets())
}

func (b *Builder) upToDate(p Program, mark string) bool {
	paths := b.paths()
	if b.stamps().read(p) != mark || !exists(paths.Program(p.Name)) {
		return false
	}
	if p.Manifests != "" && !exists(paths.Manifest(p.Name)) {
		return false
	}
	return len(p.Links) == 0 || hasAll(paths.ownAssets(), p.Links...)
}

func (b *Builder) compileVisibly(ctx context.Context, p Program) error {
	started := time.Now()
	progress := startTicker(b.Out, p.Name)
	err := b.make(ctx, p, progress.compiled)
	progress.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Out, "  %-18s built in %s\n", p.Name, time.Since(started).Round(100*time.Millisecond))
	return nil
}

// make compiles a program and what belongs to it.
func (b *Builder) make(ctx context.Context, p Program, compiled func(string)) error {
	module, paths := b.module(p), b.paths()
	ldflags := ""
	if p.VersionModule != "" {
		version, err := goOutput(ctx, module, "list", "-m", "-f", "{{.Version}}", p.VersionModule)
		if err != nil {
			return err
		}
		ldflags = kubernetesVersionFlags(version)
	}
	if err := compile(ctx, module, paths.Program(p.Name), p, ldflags, compiled); err != nil {
		return err
	}
	if p.Manifests != "" {
		dir, err := goOutput(ctx, module, "list", "-f", "{{.Dir}}", p.Package)
		if err != nil {
			return err
		}
		if err := renderTo(paths.Manifest(p.Name), filepath.Join(dir, p.Manifests)); err != nil {
			return err
		}
	}
	if len(p.Links) > 0 {
		return link(paths.ownAssets(), paths.Program(p.Name), p.Links)
	}
	return nil
}

func (b *Builder) paths() Paths            { return Paths{Root: b.Root} }
func (b *Builder) stamps() stamps          { return stamps{dir: filepath.Join(b.paths().Bin(), ".stamps")} }
func (b *Builder) module(p Program) string { return filepath.Join(b.Root, p.Module) }

// lock waits until no other process builds in this repository.
func (b *Builder) lock(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(b.paths().Bin(), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of programs: %w", err)
	}
	path := filepath.Join(b.paths().Bin(), ".lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the build lock: %w", err)
	}
	for waited := false; ; waited = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if !waited {
			fmt.Fprintln(b.Out, "  another process builds in this repository; waiting for it")
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
