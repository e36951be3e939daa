package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"context"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("use: release chart|components|assets|publish-classes|tags|modules [--version V] [--digest D] [--out DIR] [--binaries=false]")

// settings of all commands.
type settings struct {
	root     string
	image    image
	out      string
	binaries bool
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	if len(arguments) == 0 {
		return errUsage
	}
	var s settings
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&s.image.Tag, "version", "", "version of the release, such as v0.11.0")
	flags.StringVar(&s.image.Name, "image", imageName, "the manager's image, without tag")
	flags.StringVar(&s.image.Digest, "digest", "", "digest of the manager's image")
	flags.StringVar(&s.out, "out", "", "directory to write into")
	flags.BoolVar(&s.binaries, "binaries", true, "build the commands for every platform")
	if err := flags.Parse(arguments[1:]); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	var err error
	if s.root, err = treeRoot(); err != nil {
		return err
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "out")
	}
	switch arguments[0] {
	case "chart":
		return writeChartFiles(s.root)
	case "components":
		return s.writeComponents()
	case "assets":
		return s.writeAssets(ctx, out)
	case "publish-classes":
		return publishClasses(s.root)
	case "tags":
		return s.printTags(out)
	case "modules":
		return s.writeModules(ctx)
	default:
		return errUsage
	}
}

// treeRoot is the directory of the tree: the nearest one from the working directory upwards that holds a go.work.
func treeRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no directory from here upwards holds a go.work")
		}
		dir = parent
	}
}

func (s settings) writeComponents() error {
	assets := map[string][]byte{}
	if err := s.addManifests(assets); err != nil {
		return err
	}
	for _, name := range []string{"infrastructure-components.yaml", "metadata.yaml"} {
		if err := writeFile(filepath.Join(s.out, name), assets[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s settings) printTags(out io.Writer) error {
	plan, err := readPlan(s.root)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, strings.Join(plan.tags(), "\n"))
	return err
}

// writeModules writes the modules as they are tagged below the output directory.
func (s settings) writeModules(ctx context.Context) error {
	plan, err := readPlan(s.root)
	if err != nil {
		return err
	}
	return plan.write(ctx, s.root, s.out)
}
