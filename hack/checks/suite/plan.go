package suite

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// LongTests are too long for every change. `make test` leaves them out; `make test-long` runs them with everything else.
// The key is a package, the value its tests.
var LongTests = map[string][]string{
	// Two minutes without Harvester, and a fight for leadership.
	"sandbox/e2e": {"TestOutagesHealByThemselves"},
	// Three minutes of installers, and not yet reliable: kubectl was seen to wait for minutes for the CRDs that it deletes.
	"sandbox/installation": {
		"TestClusterctl", "TestClusterctlAndHelm", "TestClusterctlByItsOwnName", "TestClusterctlGeneratesEachFlavor", "TestClusterctlMove",
		"TestHelm", "TestHelmAndTheOtherWays", "TestHelmWhereKindsAreMissing",
		"TestInterruptedApplyIsCompleted", "TestInterruptedInitIsCompleted", "TestKilledHelmIsRepaired", "TestKubectl", "TestKubectlOverAnOldRelease",
	},
	// A kubelet is compiled for them, and the kernel must allow user namespaces.
	"sandbox/node": {"TestAKilledMachineLeavesNothing", "TestARefusalSaysWhatToAllow", "TestPods"},
}

// Options say which tests run, and how.
type Options struct {
	// Tiers to run; all when empty.
	Tiers []Tier
	// Long runs everything: also LongTests, and every package with the race detector and in a shuffled order.
	Long bool
	// Fresh runs what depends on more than Go packages even if nothing has changed since it passed.
	Fresh bool
	// Tree is a digest of the repository; empty when it is not known. A result is good for one digest.
	Tree string
}

// Job is one run of `go test`.
type Job struct {
	Module   string
	Packages []string // import paths
	Race     bool
	// Alone jobs start whole clusters; one of them runs at a time.
	Alone bool
	Args  []string
}

// Plan puts packages together that are tested in one way. Jobs that run alone come first, as they take the longest.
func Plan(packages []Package, vetted map[string]bool, options Options) []Job {
	var jobs []Job
	byKey := map[string]int{}
	for _, p := range packages {
		if len(options.Tiers) > 0 && !slices.Contains(options.Tiers, p.Tier) {
			continue
		}
		job := Job{Module: p.Module, Race: races(p, options), Alone: p.Clusters, Args: arguments(p, vetted[p.Module], options)}
		key := strings.Join(append([]string{p.Module}, job.Args...), "\x00")
		if job.Alone {
			key += p.Name
		}
		at, seen := byKey[key]
		if !seen {
			at = len(jobs)
			byKey[key] = at
			jobs = append(jobs, job)
		}
		jobs[at].Packages = append(jobs[at].Packages, p.ImportPath)
	}
	slices.SortStableFunc(jobs, func(a, b Job) int { return cmp.Compare(order(a), order(b)) })
	return jobs
}

func races(p Package, options Options) bool {
	return p.Race || options.Long && p.Tier != Conformance
}

// order puts the whole clusters of e2e first, and then other clusters.
func order(job Job) int {
	switch {
	case slices.Contains(job.Args, "-v"):
		return 0
	case job.Alone:
		return 1
	}
	return 2
}

func arguments(p Package, vetted bool, options Options) []string {
	args := []string{"-timeout=" + timeout(p, options)}
	if vetted {
		args = append(args, "-vet=off")
	}
	if races(p, options) {
		args = append(args, "-race")
	}
	if p.Tier == E2E {
		args = append(args, "-v") // minutes without a word look like a hang
	}
	if options.Long {
		return append(args, "-shuffle=on")
	}
	if long := LongTests[p.Name]; len(long) > 0 {
		args = append(args, "-skip="+exactly(long))
	}
	return append(args, cache(p, options)...)
}

// cache decides whether a result of before may stand. The go command knows about Go packages only, so where a test depends
// on more, the digest of the tree becomes part of the key: the key has what -exec says in it.
func cache(p Package, options Options) []string {
	switch {
	case !p.Tree:
		return nil
	case options.Fresh || options.Tree == "":
		return []string{"-count=1"}
	}
	return []string{"-exec=env CAPHV_TREE=" + options.Tree}
}

func timeout(p Package, options Options) string {
	switch {
	case p.Tier == E2E && options.Long:
		return "90m"
	case p.Clusters, p.Tier == E2E, p.Tier == Conformance:
		return "45m"
	}
	return "20m"
}

// exactly is the pattern of these tests and no other.
func exactly(tests []string) string {
	quoted := make([]string, len(tests))
	for i, test := range tests {
		quoted[i] = regexp.QuoteMeta(test)
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}
