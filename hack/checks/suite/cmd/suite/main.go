// Command suite runs the tests of all modules; the Makefile calls it.
//
//	suite [flags] test | long | check | deflake | list
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/checks/suite"
)

type options struct {
	root, modules, tiers, base, report string
	fresh, budget                      bool
	width, times                       int
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".", "the repository's root")
	flag.StringVar(&o.modules, "modules", "", "directories of modules, separated by spaces; all when empty")
	flag.StringVar(&o.tiers, "tiers", "", "tiers, separated by spaces: project, unit, conformance, e2e; all when empty")
	flag.StringVar(&o.base, "base", "main", "the branch that a change is compared with")
	flag.BoolVar(&o.fresh, "fresh", false, "run tests that need more than Go packages even if nothing has changed")
	flag.BoolVar(&o.budget, "budget", false, "fail when a package took longer than it may")
	flag.StringVar(&o.report, "report", "", "a file to which the times are written as well")
	flag.IntVar(&o.width, "width", runtime.NumCPU(), "test binaries that run at a time")
	flag.IntVar(&o.times, "times", 20, "how often deflake runs each test")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func run(ctx context.Context, o options, command string) error {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	o.root = root
	modules, packages, err := describe(ctx, o)
	if err != nil {
		return err
	}
	switch command {
	case "list":
		return list(packages)
	case "check":
		return check(ctx, o, modules, packages)
	case "deflake":
		return deflake(ctx, o, packages)
	case "test", "long":
		return test(ctx, o, modules, packages, command == "long")
	}
	return fmt.Errorf("want one of test, long, check, deflake, list, got %q", command)
}

func describe(ctx context.Context, o options) ([]suite.Module, []suite.Package, error) {
	modules, err := suite.Modules(o.root)
	if err != nil {
		return nil, nil, err
	}
	if modules, err = suite.Restrict(modules, strings.Fields(o.modules)); err != nil {
		return nil, nil, err
	}
	var packages []suite.Package
	for _, module := range modules {
		found, err := suite.Describe(ctx, o.root, module)
		if err != nil {
			return nil, nil, err
		}
		packages = append(packages, found...)
	}
	return modules, packages, nil
}

// list prints where each package runs.
func list(packages []suite.Package) error {
	for _, p := range packages {
		var marks []string
		for mark, set := range map[string]bool{"race": p.Race, "tree": p.Tree, "servers": p.Servers, "clusters": p.Clusters} {
			if set {
				marks = append(marks, mark)
			}
		}
		fmt.Printf("%-12s %s %v\n", p.Tier, p.Name, marks)
	}
	return nil
}

func test(ctx context.Context, o options, modules []suite.Module, packages []suite.Package, long bool) error {
	digest, err := suite.Digest(ctx, o.root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no result of before is used:", err)
	}
	var tiers []suite.Tier
	for _, name := range strings.Fields(o.tiers) {
		tiers = append(tiers, suite.Tier(name))
	}
	jobs := suite.Plan(packages, vetted(modules), suite.Options{Tiers: tiers, Long: long, Fresh: o.fresh, Tree: digest})

	runner := &suite.Runner{Root: o.root, Out: os.Stdout, Width: o.width}
	begun := time.Now()
	if err := runner.Compile(ctx, jobs); err != nil {
		return err
	}
	compiled := time.Since(begun)
	begun = time.Now()
	results, failed := runner.Run(ctx, jobs)
	budgets, err := suite.ReadBudgets(filepath.Join(o.root, "hack", "checks", "suite", "budgets.txt"))
	if err != nil {
		return err
	}
	var times bytes.Buffer
	over := suite.Report(&times, packages, results, budgets)
	fmt.Fprintf(&times, "compiled in %.0f s, ran in %.0f s\n", compiled.Seconds(), time.Since(begun).Seconds())
	fmt.Print(times.String())
	if o.report != "" {
		if err := os.WriteFile(o.report, times.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if !o.budget && over != nil {
		fmt.Println(over)
		over = nil
	}
	return errors.Join(failed, over)
}

func vetted(modules []suite.Module) map[string]bool {
	vetted := map[string]bool{}
	for _, module := range modules {
		vetted[module.Dir] = module.Vetted()
	}
	return vetted
}
