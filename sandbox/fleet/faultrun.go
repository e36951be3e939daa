package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// Result is what came of a fault run.
type Result struct {
	Plan Plan
	// Took is how long it was.
	Took time.Duration
	// Log is what was done, a line each.
	Log []string
	// Findings are what must never happen and did; nil is the only good answer.
	Findings []error
}

// lifeTime bounds one step of a life, long after the last fault is mended.
const lifeTime = 4 * time.Minute

// FaultRun plays a plan, and judges everything that the stand-in has recorded since the sandbox started. tell hears what
// is done. The error is about the run itself; what the run found is in the result.
func (f *Fleet) FaultRun(ctx context.Context, plan Plan, tell func(format string, args ...any)) (result Result, err error) {
	result.Plan = plan
	started := time.Now()
	before, err := inventory.Take(ctx, f.sandbox)
	if err != nil {
		return result, err
	}
	if plan.Twin {
		stop, err := f.sandbox.Management().StartTwin(ctx, management.CAPHV)
		if err != nil {
			return result, err
		}
		tell("a second manager runs beside the first")
		defer func() { err = errors.Join(err, stop(ctx)) }()
	}
	var group errgroup.Group
	outcomes := make([]error, len(plan.Lives))
	for i, life := range plan.Lives {
		group.Go(func() error { outcomes[i] = f.live(ctx, life); return nil })
	}
	group.Go(func() error { return f.strikeAll(ctx, plan, tell) })
	if err := group.Wait(); err != nil {
		return result, err
	}
	for _, outcome := range outcomes {
		if outcome != nil {
			result.Findings = append(result.Findings, outcome)
		}
	}
	findings, err := f.judge(ctx, before)
	result.Findings, result.Took = append(result.Findings, findings...), time.Since(started)
	return result, err
}

// live takes one cluster through its life.
func (f *Fleet) live(ctx context.Context, life Life) error {
	wrap := func(step string, err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("cluster %s, %s: %w", life.Name, step, err)
	}
	await := func(machines int) error {
		ctx, cancel := context.WithTimeoutCause(ctx, lifeTime, fmt.Errorf("not done after %s", lifeTime))
		defer cancel()
		return f.Await(ctx, life.Name, machines)
	}
	if err := sleep(ctx, life.Start); err != nil {
		return err
	}
	if err := f.Create(ctx, life.Name, life.Machines); err != nil {
		return wrap("creation", err)
	}
	if err := await(life.Machines); err != nil {
		return wrap("creation", err)
	}
	machines := life.Machines
	for i, next := range life.Steps {
		var err error
		if next == machines {
			err = f.Replace(ctx, life.Name, func(count int) int { return int(life.Picks[i]) % count })
		} else {
			err = f.Scale(ctx, life.Name, next)
		}
		if err != nil {
			return wrap("change", err)
		}
		machines = next
		if i == len(life.Steps)-1 && life.Impatient {
			break
		}
		if err := await(machines); err != nil {
			return wrap(fmt.Sprintf("change to %d machines", machines), err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lifeTime, fmt.Errorf("not done after %s", lifeTime))
	defer cancel()
	return wrap("deletion", f.Delete(ctx, life.Name))
}

// strikeAll makes the plan's faults at their times.
func (f *Fleet) strikeAll(ctx context.Context, plan Plan, tell func(format string, args ...any)) error {
	started := time.Now()
	for _, strike := range plan.Strikes {
		if err := sleep(ctx, strike.At-time.Since(started)); err != nil {
			return err
		}
		said, err := f.strike(ctx, plan, strike)
		if err != nil {
			return fmt.Errorf("fault %s: %w", strike.Fault, err)
		}
		tell("%5.1fs %s: %s", time.Since(started).Seconds(), strike.Fault, said)
	}
	return nil
}

func (f *Fleet) strike(ctx context.Context, plan Plan, strike Strike) (string, error) {
	target := strike.Target
	if strings.HasPrefix(strike.Fault, "vm-") {
		if strike.Fault == "vm-agent" {
			return f.mendAgents(ctx)
		}
		var err error
		if target, err = f.pickMachine(ctx, strike.Pick); err != nil || target == "" {
			return "no machine runs", err
		}
	}
	said, err := f.sandbox.Break(ctx, strike.Fault, target)
	if strings.HasPrefix(strike.Fault, "vm-") && err != nil {
		return fmt.Sprintf("%s is beyond it (%v)", target, err), nil // it was on its way out
	}
	if err == nil && strike.Fault == "harvester-token" {
		for _, life := range plan.Lives {
			err = errors.Join(err, f.renewIdentity(ctx, life.Name))
		}
	}
	return said, err
}

// mendAgents brings the guest agents of all machines back.
func (f *Fleet) mendAgents(ctx context.Context) (string, error) {
	names, err := f.runningMachines(ctx)
	for _, name := range names {
		if _, broken := f.sandbox.Break(ctx, "vm-agent", name); broken != nil {
			err = errors.Join(err, broken)
		}
	}
	return fmt.Sprintf("%d guest agents work", len(names)), err
}

// pickMachine chooses a machine that runs; empty when none does.
func (f *Fleet) pickMachine(ctx context.Context, pick uint32) (string, error) {
	names, err := f.runningMachines(ctx)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[int(pick)%len(names)], nil
}

func (f *Fleet) runningMachines(ctx context.Context) ([]string, error) {
	instances := &kubevirtv1.VirtualMachineInstanceList{}
	if err := f.harvester.List(ctx, instances, client.InNamespace(targetNamespace)); err != nil {
		return nil, fmt.Errorf("listing instances: %w", err)
	}
	var names []string
	for i := range instances.Items {
		if instances.Items[i].Status.Phase == kubevirtv1.Running && instances.Items[i].DeletionTimestamp.IsZero() {
			names = append(names, instances.Items[i].Namespace+"/"+instances.Items[i].Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// judge looks at the whole history and at what is left.
func (f *Fleet) judge(ctx context.Context, before inventory.Inventory) ([]error, error) {
	var findings []error
	after, err := inventory.Take(ctx, f.sandbox)
	if err != nil {
		return nil, err
	}
	left := inventory.Leftovers(before, after)
	left["secrets"] = slices.DeleteFunc(left["secrets"], isIdentity)
	if len(left["secrets"]) == 0 {
		delete(left, "secrets")
	}
	for _, kind := range slices.Sorted(maps.Keys(left)) {
		findings = append(findings, fmt.Errorf("left behind: %s %s", kind, strings.Join(left[kind], ", ")))
	}
	events, err := history.Read(f.sandbox.HistoryFile())
	if err != nil {
		return nil, err
	}
	for _, finding := range judge.Judge(events, true) {
		findings = append(findings, errors.New(finding.String()))
	}
	return findings, nil
}

// isIdentity tells whether a Secret is the provider's own token on Harvester, which a plan may have replaced.
func isIdentity(secret string) bool {
	return strings.HasPrefix(secret, "harvester-system/caphv-token-")
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
