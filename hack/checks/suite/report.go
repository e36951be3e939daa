package suite

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Result is how one package's tests ended.
type Result struct {
	Package string // import path
	Took    time.Duration
	Cached  bool
	Failed  bool
}

var endOfPackage = regexp.MustCompile(`^(ok|FAIL|---|\?)\s+\t(\S+)(?:\t(\(cached\)|[0-9.]+s|\[.*\]))?`)

// ParseLine reads the line by which go test ends a package. It tells whether the line is one.
func ParseLine(line string) (Result, bool) {
	parts := endOfPackage.FindStringSubmatch(strings.TrimRight(line, "\n"))
	if parts == nil {
		parts = endOfPackage.FindStringSubmatch(strings.Replace(strings.TrimRight(line, "\n"), "FAIL\t", "FAIL \t", 1))
	}
	if parts == nil || parts[1] == "---" {
		return Result{}, false
	}
	if parts[1] == "?" {
		return Result{}, true
	}
	took, err := time.ParseDuration(parts[3])
	if err != nil {
		took = 0
	}
	return Result{Package: parts[2], Took: took, Cached: parts[3] == "(cached)", Failed: parts[1] == "FAIL"}, true
}

// floor is the budget of a package without one. No budget is smaller: a busy machine must not fail a run.
const floor = 5 * time.Minute

// Budgets say how long a package's tests may take. The key is the package's directory.
type Budgets map[string]time.Duration

// ReadBudgets reads lines of a package's directory and its seconds. What follows a # is a comment.
func ReadBudgets(path string) (Budgets, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	budgets := Budgets{}
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: want a package and its seconds", path, number)
		}
		seconds, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		budgets[fields[0]] = time.Duration(seconds) * time.Second
	}
	return budgets, lines.Err()
}

// Of is what a package may take.
func (b Budgets) Of(name string) time.Duration { return max(b[name], floor) }

// ErrOverBudget marks a package that took longer than it may.
var ErrOverBudget = errors.New("over its budget")

// Report writes the time of each tier and of the packages that took the longest, and returns an error for each package
// that is over its budget.
func Report(out io.Writer, packages []Package, results []Result, budgets Budgets) error {
	byPath := map[string]Package{}
	for _, p := range packages {
		byPath[p.ImportPath] = p
	}
	type tally struct {
		took                   time.Duration
		packages, cached, fail int
	}
	tiers := map[Tier]*tally{}
	var errs []error
	for _, r := range results {
		p := byPath[r.Package]
		t := tiers[p.Tier]
		if t == nil {
			t = &tally{}
			tiers[p.Tier] = t
		}
		t.took += r.Took
		t.packages++
		if r.Cached {
			t.cached++
		}
		if r.Failed {
			t.fail++
		}
		if limit := budgets.Of(p.Name); r.Took > limit {
			errs = append(errs, fmt.Errorf("%s took %.0f s and has %.0f s: make it faster, or raise its line in hack/checks/suite/budgets.txt: %w",
				p.Name, r.Took.Seconds(), limit.Seconds(), ErrOverBudget))
		}
	}

	slowest := slices.Clone(results)
	slices.SortStableFunc(slowest, func(a, b Result) int { return cmp.Compare(b.Took, a.Took) })
	fmt.Fprintln(out, "\nthe packages that took the longest:")
	for _, r := range slowest[:min(len(slowest), 15)] {
		name := byPath[r.Package].Name
		fmt.Fprintf(out, "  %7.1f s of %4.0f s  %s\n", r.Took.Seconds(), budgets.Of(name).Seconds(), name)
	}
	fmt.Fprintln(out, "each tier, the times of its packages added:")
	for _, tier := range []Tier{Project, Unit, Conformance, E2E} {
		if t := tiers[tier]; t != nil {
			fmt.Fprintf(out, "  %-12s %7.1f s, %d packages, %d of them cached, %d failed\n", tier, t.took.Seconds(), t.packages, t.cached, t.fail)
		}
	}
	return errors.Join(errs...)
}
