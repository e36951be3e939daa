package suite

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Runner runs jobs with the go command. Not safe for concurrent use.
type Runner struct {
	Root string
	Out  io.Writer
	// Width is how many test binaries run at a time.
	Width int

	mu      sync.Mutex // guards Out and results
	results []Result
}

// Environment of the go command. There are two flag sets, so that what packages share is compiled twice at most.
func Environment(race bool) []string {
	cgo := "0"
	if race {
		cgo = "1" // the race detector needs it
	}
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath", "CGO_ENABLED="+cgo)
}

// Compile compiles the packages of all jobs with their tests at full width, and links nothing.
func (r *Runner) Compile(ctx context.Context, jobs []Job) error {
	for _, race := range []bool{false, true} {
		packages := map[string][]string{}
		var modules []string
		for _, job := range jobs {
			if job.Race != race {
				continue
			}
			if packages[job.Module] == nil {
				modules = append(modules, job.Module)
			}
			packages[job.Module] = append(packages[job.Module], job.Packages...)
		}
		for _, module := range modules {
			if err := r.compile(ctx, module, packages[module], race); err != nil {
				return fmt.Errorf("compiling %s: %w", module, err)
			}
		}
	}
	return nil
}

func (r *Runner) compile(ctx context.Context, module string, packages []string, race bool) error {
	args := []string{"list", "-export", "-test", "-f", "{{if .Error}}{{.Error}}{{end}}"}
	if race {
		args = append(args, "-race")
	}
	command := exec.CommandContext(ctx, "go", append(args, packages...)...)
	command.Dir, command.Env = filepath.Join(r.Root, module), Environment(race)
	output, err := command.CombinedOutput()
	if text := bytes.TrimSpace(output); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// Run runs the jobs: those that are alone one after the other, and the rest beside them. It returns what was measured, and
// an error that names the jobs in which a test failed.
func (r *Runner) Run(ctx context.Context, jobs []Job) ([]Result, error) {
	r.results = nil
	var alone, others []Job
	for _, job := range jobs {
		if job.Alone {
			alone = append(alone, job)
		} else {
			others = append(others, job)
		}
	}

	// One core is left to the clusters, so that no test on either side waits beyond its deadline.
	width := max(r.Width-1, 1)
	var besides error
	var running sync.WaitGroup
	running.Go(func() { besides = r.each(ctx, alone, 1) })
	err := r.each(ctx, others, width)
	running.Wait()
	return r.results, errors.Join(besides, err)
}

func (r *Runner) each(ctx context.Context, jobs []Job, width int) error {
	var errs []error
	for _, job := range jobs {
		if err := r.one(ctx, job, width); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) one(ctx context.Context, job Job, width int) error {
	args := append([]string{"test", "-p=" + strconv.Itoa(width)}, job.Args...)
	command := exec.CommandContext(ctx, "go", append(args, job.Packages...)...)
	command.Dir, command.Env = filepath.Join(r.Root, job.Module), Environment(job.Race)
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	copied := make(chan error, 1)
	go func() { copied <- r.follow(job, reader) }()

	err := command.Run()
	_ = writer.Close()
	if err := <-copied; err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: go test %s: %w", job.Module, strings.Join(job.Args, " "), err)
	}
	return nil
}

// follow passes go test's lines on, those of one package together, and keeps what they say about time.
func (r *Runner) follow(job Job, output io.Reader) error {
	lines := bufio.NewReader(output)
	var held bytes.Buffer
	for {
		line, err := lines.ReadString('\n')
		held.WriteString(line)
		result, ends := ParseLine(line)
		if ends || job.Alone || err != nil {
			r.mu.Lock()
			_, _ = r.Out.Write(held.Bytes())
			if ends && result.Package != "" {
				r.results = append(r.results, result)
			}
			r.mu.Unlock()
			held.Reset()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
