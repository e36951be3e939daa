package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// retryDelay is the pause between tries; nothing announces a change of etcd's members.
const retryDelay = 2 * time.Second

func (o *options) guest(ctx context.Context) (etcdops.Guest, error) {
	guest, err := o.target.guest(ctx)
	for _, way := range o.ways {
		guest.Only = append(guest.Only, etcdops.Way(way))
	}
	return guest, err
}

// with finds the routes and hands them to do.
func (o *options) with(ctx context.Context, guest etcdops.Guest, do func([]etcdops.Route, etcdops.Departure) error) error {
	routes, flavor, err := guest.Routes(ctx, o.leaving)
	if err != nil {
		return err
	}
	return errors.Join(do(routes, etcdops.Departure{Node: o.leaving, Flavor: flavor}), etcdops.CloseRoutes(routes))
}

func (o *options) look(ctx context.Context) (etcdops.Guest, etcdops.Result, error) {
	var result etcdops.Result
	guest, err := o.guest(ctx)
	if err != nil {
		return guest, result, err
	}
	err = o.with(ctx, guest, func(routes []etcdops.Route, departure etcdops.Departure) (err error) {
		result, err = etcdops.Look(ctx, routes, departure)
		return err
	})
	return guest, result, err
}

func (o *options) status(ctx context.Context) error {
	guest, result, err := o.look(ctx)
	if err != nil {
		return err
	}
	last, err := etcdops.LastBackup(ctx, guest.REST)
	if err != nil {
		_, _ = fmt.Fprintln(o.notes, "the last snapshot is unknown:", err)
	}
	report := etcdops.Assess(result.Snapshot, last)
	if o.output == "json" {
		return o.json(struct {
			Way etcdops.Way `json:"way"`
			etcdops.Report
		}{result.Way, report})
	}
	return writeReport(o.out, result.Way, report)
}

func writeReport(out io.Writer, way etcdops.Way, r etcdops.Report) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tROLE\tHEALTHY\tVERSION\tLAG\tSIZE\tRECLAIMABLE\tREMARKS")
	for _, m := range r.Members {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%t\t%s\t%d\t%d\t%d\t%s\n",
			m.ID, m.Name, role(m), m.Healthy, m.Version, m.Lag, m.SizeBytes, m.ReclaimableBytes, remarks(m))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "\n%d of %d voters are healthy, quorum is %d; seen by %s\n", r.HealthyVoters, r.Voters, r.Quorum, way)
	if r.VersionSkew {
		_, _ = fmt.Fprintf(out, "versions differ: %s to %s\n", r.LowestVersion, r.HighestVersion)
	}
	snapshot := "none known"
	if r.LastSnapshot != nil {
		snapshot = fmt.Sprintf("%s on %s at %s", r.LastSnapshot.Name, r.LastSnapshot.Node, r.LastSnapshot.Time.UTC().Format(time.RFC3339))
	}
	_, err := fmt.Fprintln(out, "last snapshot:", snapshot)
	return err
}

func role(m etcdops.MemberReport) string {
	switch {
	case m.Leader:
		return "leader"
	case m.Learner:
		return "learner"
	default:
		return "voter"
	}
}

func remarks(m etcdops.MemberReport) string {
	var words []string
	for _, alarm := range m.Alarms {
		words = append(words, "alarm "+string(alarm))
	}
	if m.Defragment {
		words = append(words, "defragment")
	}
	if m.Problem != "" {
		words = append(words, m.Problem)
	}
	return strings.Join(words, "; ")
}

// planned is a plan as data.
type planned struct {
	Way    etcdops.Way    `json:"way"`
	Action etcdops.Action `json:"action"`
	Member string         `json:"member,omitempty"`
	Target string         `json:"target,omitempty"`
	Reason string         `json:"reason"`
}

func (o *options) show(result etcdops.Result) error {
	plan := planned{Way: result.Way, Action: result.Plan.Action, Reason: result.Plan.Reason}
	if result.Plan.Member != 0 {
		plan.Member = fmt.Sprintf("%x", result.Plan.Member)
	}
	if result.Plan.Target != 0 {
		plan.Target = fmt.Sprintf("%x", result.Plan.Target)
	}
	if o.output == "json" {
		return o.json(plan)
	}
	_, err := fmt.Fprintf(o.out, "%s: %s (by %s)\n", plan.Action, plan.Reason, plan.Way)
	return err
}

func (o *options) json(value any) error {
	encoder := json.NewEncoder(o.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (o *options) plan(ctx context.Context) error {
	_, result, err := o.look(ctx)
	if err != nil {
		return err
	}
	return errors.Join(o.show(result), notNow(result.Plan))
}

// notNow is an error when the plan is to wait or to refuse.
func notNow(plan etcdops.Plan) error {
	if plan.Action == etcdops.ActionWait || plan.Action == etcdops.ActionRefuse {
		return fmt.Errorf("%w: %s", errNotNow, plan.Reason)
	}
	return nil
}

func (o *options) remove(ctx context.Context) error {
	guest, result, err := o.look(ctx)
	if err != nil {
		return err
	}
	if err := o.show(result); err != nil || result.Plan.Action == etcdops.ActionNone {
		return err
	}
	if result.Plan.Action == etcdops.ActionRefuse {
		return notNow(result.Plan)
	}
	if !o.yes && !o.confirmed() {
		return fmt.Errorf("%w: not confirmed, nothing was changed", errNotNow)
	}
	for {
		err := o.with(ctx, guest, func(routes []etcdops.Route, departure etcdops.Departure) (err error) {
			result, err = etcdops.TakeOut(ctx, routes, departure)
			return err
		})
		switch {
		case err == nil && result.Plan.Action != etcdops.ActionWait:
			return errors.Join(o.show(result), notNow(result.Plan))
		case err == nil:
			err = errors.New(result.Plan.Reason)
		}
		_, _ = fmt.Fprintln(o.notes, "trying again:", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("the time is up: %w", err)
		case <-time.After(retryDelay):
		}
	}
}

func (o *options) confirmed() bool {
	_, _ = fmt.Fprint(o.notes, "Go on? Type yes: ")
	answer, _ := bufio.NewReader(o.in).ReadString('\n')
	return strings.TrimSpace(answer) == "yes"
}
