package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/checks/suite"
)

// slowChecks build programs, or resolve the modules of the whole workspace; `make test` runs them.
const slowChecks = "^(TestAnImporterNeedsNothingElse|TestWorkspaceResolves)$"

// check vets what changed and runs its unit tests, and the checks of the project.
func check(ctx context.Context, o options, modules []suite.Module, packages []suite.Package) error {
	touched, err := changed(ctx, o, packages)
	if err != nil {
		return err
	}
	units := slices.DeleteFunc(touched, func(p suite.Package) bool { return p.Servers || p.Tier != suite.Unit })
	var errs []error
	for _, module := range modules {
		var names []string
		for _, p := range units {
			if p.Module == module.Dir {
				names = append(names, p.ImportPath)
			}
		}
		if len(names) == 0 {
			continue
		}
		errs = append(errs, goCommand(ctx, o, module.Dir, false, append([]string{"vet"}, names...)),
			goCommand(ctx, o, module.Dir, false, append([]string{"test", "-vet=off"}, names...)))
	}
	errs = append(errs, goCommand(ctx, o, "hack/checks", false, []string{"test", "-count=1", "-skip=" + slowChecks, "./..."}))
	return errors.Join(errs...)
}

// deflake runs the tests of what changed again and again, with the race detector and beside two processes that only
// compute: what fails by chance fails here.
func deflake(ctx context.Context, o options, packages []suite.Package) error {
	touched, err := changed(ctx, o, packages)
	if err != nil {
		return err
	}
	if len(touched) == 0 {
		fmt.Println("no package with tests has changed")
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for range 2 {
		go compute(ctx)
	}
	var errs []error
	for _, p := range touched {
		errs = append(errs, goCommand(ctx, o, p.Module, true, []string{
			"test", "-vet=off", "-race", "-shuffle=on", "-failfast", "-timeout=3h", "-count=" + strconv.Itoa(o.times), p.ImportPath,
		}))
	}
	return errors.Join(errs...)
}

// compute keeps one processor busy.
func compute(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := uint64(1); ctx.Err() == nil; {
		for range 1 << 20 {
			n = n*6364136223846793005 + 1442695040888963407
		}
	}
}

func changed(ctx context.Context, o options, packages []suite.Package) ([]suite.Package, error) {
	names, err := suite.Changed(ctx, o.root, o.base)
	if err != nil {
		return nil, fmt.Errorf("what changed since %s: %w", o.base, err)
	}
	return suite.Touched(packages, names), nil
}

func goCommand(ctx context.Context, o options, module string, race bool, args []string) error {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir, command.Env = filepath.Join(o.root, module), suite.Environment(race)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: go %s: %w", module, args[0], err)
	}
	return nil
}
