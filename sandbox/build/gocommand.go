package build

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// thirdPartyFlags leave out debug data and paths: a program nobody here debugs
// gets half as large, and the same on every machine.
const thirdPartyFlags = "-trimpath -ldflags=-s -w"

// goCommand runs the go command in a module of its own: go.work knows nothing
// of the tool modules, and a half-made sibling must not stop a build.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	return command
}

// goOutput runs the go command for its answer.
func goOutput(ctx context.Context, dir string, args ...string) (string, error) {
	command := goCommand(ctx, dir, args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), dir, err, stderr.String())
	}
	return strings.TrimSpace(string(output)), nil
}

// compile runs go build and reports each package it compiles.
func compile(ctx context.Context, moduleDir, output string, p Program, ldflags string, compiled func(string)) error {
	// The same flags for all of them, ours too: packages they share are compiled once.
	args := []string{"build", "-v", "-trimpath", "-o", output}
	if p.ThirdParty {
		args = append(args, "-ldflags", strings.TrimSpace("-s -w "+ldflags))
	}
	command := goCommand(ctx, moduleDir, append(args, p.Package)...)
	command.Env = append(command.Env, "CGO_ENABLED=0")
	stderr, err := command.StderrPipe()
	if err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("building %s: %w; is Go installed?", p.Name, err)
	}
	complaints := follow(stderr, compiled)
	if err := command.Wait(); err != nil {
		return fmt.Errorf("building %s in %s: %w\n%s", p.Name, moduleDir, err, complaints)
	}
	return nil
}

// follow tells package names, which go build -v writes a line each, from what
// the compiler complains about, and returns the latter.
func follow(stderr io.Reader, compiled func(string)) string {
	var complaints strings.Builder
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if isPackagePath(line) {
			compiled(line)
			continue
		}
		if !strings.HasPrefix(line, "go: downloading ") {
			complaints.WriteString(line + "\n")
		}
	}
	return complaints.String()
}

func isPackagePath(line string) bool {
	return line != "" && !strings.ContainsAny(line, " :\t#")
}

// kubernetesVersionFlags make a Kubernetes binary report the version it was
// built from; clients decide by it what a server can do. A module build has no
// other way to know.
func kubernetesVersionFlags(version string) string {
	numbers := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(numbers) < 2 {
		return ""
	}
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			fmt.Sprintf("-X %s.gitVersion=%s", pkg, version),
			fmt.Sprintf("-X %s.gitMajor=%s", pkg, numbers[0]),
			fmt.Sprintf("-X %s.gitMinor=%s", pkg, numbers[1]),
			fmt.Sprintf("-X %s.gitTreeState=clean", pkg))
	}
	return strings.Join(flags, " ")
}

// link makes the further names of a binary, relative so that the repository can
// be moved.
func link(assets, program string, names []string) error {
	if err := os.MkdirAll(assets, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", assets, err)
	}
	for _, name := range names {
		path := filepath.Join(assets, name)
		target := filepath.Join("..", filepath.Base(program))
		if current, err := os.Readlink(path); err == nil && current == target {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("replacing %s: %w", path, err)
		}
		if err := os.Symlink(target, path); err != nil {
			return fmt.Errorf("naming %s: %w", name, err)
		}
	}
	return nil
}
