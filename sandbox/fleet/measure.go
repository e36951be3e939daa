package fleet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// Load says what to measure.
type Load struct {
	// Clusters and Machines in each of them.
	Clusters, Machines int
	// AtOnce is how many clusters are made, or deleted, at a time; 0 for all.
	AtOnce int
	// Rest is how long to watch the complete clusters do nothing.
	Rest time.Duration
	// Timeout bounds the creation, and the deletion.
	Timeout time.Duration
}

// Report is what was measured. Durations are in seconds in its JSON form.
type Report struct {
	Clusters int `json:"clusters"`
	Machines int `json:"machines"`
	// CompleteSeconds is from the first object to the last machine Running and Ready, DeletedSeconds from there to the end
	// of everything.
	CompleteSeconds float64 `json:"completeSeconds"`
	DeletedSeconds  float64 `json:"deletedSeconds"`
	// Added is, over all machines, the time from the Machine's creation to its infrastructure being provisioned, less the
	// time that the VM itself took from its creation to its first address.
	AddedP50Seconds float64 `json:"addedP50Seconds"`
	AddedP95Seconds float64 `json:"addedP95Seconds"`
	AddedMaxSeconds float64 `json:"addedMaxSeconds"`
	// Own is CAPHV's share of that: from when Cluster API has given the machine to CAPHV and the cluster's infrastructure is
	// provisioned. The rest of it is Cluster API's, and the wait for the endpoint of a cluster that is new.
	OwnP50Seconds float64 `json:"ownP50Seconds"`
	OwnP95Seconds float64 `json:"ownP95Seconds"`
	OwnMaxSeconds float64 `json:"ownMaxSeconds"`
	// Requests to Harvester, and writes of CAPHV to the management cluster, for each machine: of its making, and of its
	// whole life. The clusters' own are in them.
	HarvesterRequestsMade     float64 `json:"harvesterRequestsPerMachineMade"`
	HarvesterRequestsLifetime float64 `json:"harvesterRequestsPerMachineLifetime"`
	ManagementWritesMade      float64 `json:"managementWritesPerMachineMade"`
	ManagementWritesLifetime  float64 `json:"managementWritesPerMachineLifetime"`
	// At rest: requests to Harvester and writes to the management cluster in all, and the share of a core used.
	RestSeconds           float64 `json:"restSeconds"`
	RestHarvesterRequests float64 `json:"restHarvesterRequests"`
	RestManagementWrites  float64 `json:"restManagementWrites"`
	RestCorePercent       float64 `json:"restCorePercent"`
	// RestRequests are the requests to Harvester at rest by verb and resource. A watch is renewed every few minutes.
	RestRequests map[string]int `json:"restRequests"`
	// HarvesterRequests are the requests of the machines' whole life by verb and resource, in all.
	HarvesterRequests map[string]int `json:"harvesterRequests"`
	// MemoryMiB is the manager's resident memory with all machines there.
	MemoryMiB float64 `json:"memoryMiB"`
}

// Measure makes the load's clusters, lets them rest, deletes them, and reports. tell hears how far it is.
func (f *Fleet) Measure(ctx context.Context, load Load, tell func(format string, args ...any)) (Report, error) {
	report := Report{Clusters: load.Clusters, Machines: load.Clusters * load.Machines, RestSeconds: load.Rest.Seconds()}
	machines := float64(report.Machines)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	reached, err := f.watch(watching)
	if err != nil {
		return report, err
	}
	view, err := startGuestView(watching, f.sandbox.Management().Config())
	if err != nil {
		return report, err
	}
	f = f.sparing(reached.management, view)
	start, err := f.use(ctx)
	if err != nil {
		return report, err
	}
	before := f.sandbox.Harvester().Requests().All()
	begun := time.Now()
	if err := f.all(ctx, load, f.makeWhole); err != nil {
		return report, err
	}
	report.CompleteSeconds = time.Since(begun).Seconds()
	if err := report.seen(ctx, reached); err != nil {
		return report, err
	}
	tell("%d machines are there after %.1f s", report.Machines, report.CompleteSeconds)
	made, err := f.use(ctx)
	if err != nil {
		return report, err
	}
	report.HarvesterRequestsMade = made.minus(start).harvesterRequests / machines
	report.ManagementWritesMade = made.minus(start).managementWrites / machines
	if err := f.rest(ctx, load.Rest, &report); err != nil {
		return report, err
	}
	tell("rested for %s", load.Rest)
	rested, err := f.use(ctx)
	if err != nil {
		return report, err
	}
	begun = time.Now()
	err = f.all(ctx, load, func(ctx context.Context, name string, _ int) error { return f.Delete(ctx, name) })
	if err != nil {
		return report, err
	}
	report.DeletedSeconds = time.Since(begun).Seconds()
	report.HarvesterRequests = byKind(before, f.sandbox.Harvester().Requests().All())
	ended, err := f.use(ctx)
	report.HarvesterRequestsLifetime = report.HarvesterRequestsMade + ended.minus(rested).harvesterRequests/machines
	report.ManagementWritesLifetime = report.ManagementWritesMade + ended.minus(rested).managementWrites/machines
	return report, err
}

// sparing is a fleet that takes little of the machine it is measured on.
func (f *Fleet) sparing(looks client.Reader, view *guestView) *Fleet {
	sparing := *f
	sparing.looks, sparing.view = looks, view
	return &sparing
}

// seeTime is how long the watches may lag behind what is known to be done.
const seeTime = time.Minute

// seen adds how long the machines took.
func (r *Report) seen(ctx context.Context, reached *milestones) error {
	ctx, cancel := context.WithTimeoutCause(ctx, seeTime, fmt.Errorf("not seen after %s", seeTime))
	defer cancel()
	err := await(ctx, func(context.Context) (string, error) {
		if added, own := len(reached.added()), len(reached.own()); added != r.Machines || own != r.Machines {
			return fmt.Sprintf("%d of %d machines seen from end to end, %d from when they were given to CAPHV", added, r.Machines, own), nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	r.AddedP50Seconds, r.AddedP95Seconds, r.AddedMaxSeconds = quantiles(reached.added())
	r.OwnP50Seconds, r.OwnP95Seconds, r.OwnMaxSeconds = quantiles(reached.own())
	return nil
}

func (f *Fleet) makeWhole(ctx context.Context, name string, machines int) error {
	if err := f.Create(ctx, name, machines); err != nil {
		return err
	}
	return f.Await(ctx, name, machines)
}

// rest watches the complete clusters do nothing. The first seconds, in which the last events are worked off, do not count.
func (f *Fleet) rest(ctx context.Context, duration time.Duration, report *Report) error {
	if err := sleep(ctx, 10*time.Second); err != nil {
		return err
	}
	before, err := f.use(ctx)
	if err != nil {
		return err
	}
	requests := f.sandbox.Harvester().Requests().All()
	if err := sleep(ctx, duration); err != nil {
		return err
	}
	report.RestRequests = byKind(requests, f.sandbox.Harvester().Requests().All())
	after, err := f.use(ctx)
	rest := after.minus(before)
	report.RestHarvesterRequests, report.RestManagementWrites = rest.harvesterRequests, rest.managementWrites
	if duration > 0 {
		report.RestCorePercent = 100 * rest.cpu / duration.Seconds()
	}
	report.MemoryMiB = rest.memory / (1 << 20)
	return err
}

// all does something to every cluster of the load, as many at a time as it says, within its timeout.
func (f *Fleet) all(ctx context.Context, load Load, do func(ctx context.Context, name string, machines int) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, load.Timeout, fmt.Errorf("not done after %s", load.Timeout))
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	if load.AtOnce > 0 {
		group.SetLimit(load.AtOnce)
	}
	for i := range load.Clusters {
		group.Go(func() error { return do(ctx, fmt.Sprintf("load-%d", i), load.Machines) })
	}
	return group.Wait()
}

// use is what the manager has used so far. Requests to Harvester are counted by the stand-in's proxy, where they arrive.
func (f *Fleet) use(ctx context.Context) (usage, error) {
	if f.metrics == "" {
		return usage{}, fmt.Errorf("the sandbox was not started with fleet.Options: the manager serves no metrics")
	}
	used, err := scrape(ctx, f.metrics, f.sandbox.Management().Config().Host)
	used.harvesterRequests = float64(f.sandbox.Harvester().Requests().Sum("", ""))
	return used, err
}

// byKind adds up what was requested since an earlier count, by verb and resource. Pure.
func byKind(before, after map[simulator.RequestKind]int) map[string]int {
	kinds := map[string]int{}
	for key, count := range after {
		if more := count - before[key]; more > 0 {
			kinds[key.Verb+" "+key.Resource] += more
		}
	}
	return kinds
}

// quantiles of durations, in seconds: the median, the 95th percentile, the longest. Pure.
func quantiles(all []time.Duration) (p50, p95, longest float64) {
	sorted := slices.Sorted(slices.Values(all))
	at := func(share float64) float64 {
		index := int(share*float64(len(sorted))+0.999999) - 1 // the nearest rank
		return sorted[max(0, min(index, len(sorted)-1))].Seconds()
	}
	return at(0.5), at(0.95), at(1)
}

// String tells the report to a person.
func (r Report) String() string {
	return strings.Join([]string{
		fmt.Sprintf("%d machines in %d clusters", r.Machines, r.Clusters),
		fmt.Sprintf("  complete after %.1f s, deleted in %.1f s", r.CompleteSeconds, r.DeletedSeconds),
		fmt.Sprintf("  added to a VM's own boot: median %.2f s, p95 %.2f s, longest %.2f s", r.AddedP50Seconds, r.AddedP95Seconds, r.AddedMaxSeconds),
		fmt.Sprintf("  of it by CAPHV itself: median %.2f s, p95 %.2f s, longest %.2f s", r.OwnP50Seconds, r.OwnP95Seconds, r.OwnMaxSeconds),
		fmt.Sprintf("  requests to Harvester per machine: %.1f to make it, %.1f in its life", r.HarvesterRequestsMade, r.HarvesterRequestsLifetime),
		fmt.Sprintf("  writes to the management cluster per machine: %.1f to make it, %.1f in its life", r.ManagementWritesMade, r.ManagementWritesLifetime),
		fmt.Sprintf("  at rest for %.0f s: %.0f requests to Harvester, %.0f writes, %.2f %% of a core", r.RestSeconds, r.RestHarvesterRequests, r.RestManagementWrites, r.RestCorePercent),
		fmt.Sprintf("  memory %.0f MiB", r.MemoryMiB),
		"  requests to Harvester by kind: " + kinds(r.HarvesterRequests),
		"  of them at rest: " + kinds(r.RestRequests),
	}, "\n")
}

// kinds are the kinds of requests, the most frequent first.
func kinds(requests map[string]int) string {
	if len(requests) == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(requests), func(a, b string) int {
		return cmp.Or(cmp.Compare(requests[b], requests[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, requests[name])
	}
	return strings.Join(names, ", ")
}
