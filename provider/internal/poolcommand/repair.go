package poolcommand

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

const repairLong = `Releases leaked addresses, puts counters right and strikes former holders of addresses
that are held. The plan is shown first and must be confirmed, by answering yes or by --yes.
What needs a decision (an owner with several addresses, ranges that overlap) is shown and left alone.

To release a leak, name every management cluster that uses this Harvester.`

func (t *tool) repair() *cobra.Command {
	var yes, dryRun bool
	cmd := t.command(&cobra.Command{
		Use: "repair [pool...]", Short: "Repairs what verify finds, after showing the plan", Long: repairLong,
		Example: "  caphv-ipam repair --management-kubeconfig capi.yaml --dry-run\n  caphv-ipam repair --management-kubeconfig capi.yaml --yes capi-vm-pool",
		RunE: func(cmd *cobra.Command, named []string) error {
			v, err := t.gather(cmd.Context(), named)
			if err != nil {
				return err
			}
			plan := planFor(v.audit(named))
			if err := t.showPlan(plan); err != nil {
				return err
			}
			if plan.empty() || dryRun {
				return plan.verdict()
			}
			if len(plan.leaks) > 0 && len(t.managements) == 0 {
				return fmt.Errorf("%w: to release leaks, name every management cluster with --management-kubeconfig", errUsage)
			}
			if !yes && !t.confirmed() {
				return fmt.Errorf("%w: not confirmed, nothing was changed; answer yes, or use --yes", errUsage)
			}
			if err := t.carryOut(cmd.Context(), v, plan, named); err != nil {
				return err
			}
			return plan.leftVerdict()
		},
	})
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show the plan only; exit code 1 if there is anything to do")
	return cmd
}

// plan is what a repair does: leaks are released, the pools of recounts counted anew, and the rest is left to a person.
type plan struct {
	leaks    []poolaudit.Finding
	recounts []string
	left     []poolaudit.Finding
}

func planFor(findings []poolaudit.Finding) plan {
	var p plan
	for _, f := range findings {
		switch f.Kind {
		case poolaudit.Leak:
			p.leaks = append(p.leaks, f)
		case poolaudit.Drift, poolaudit.History:
			if !slices.Contains(p.recounts, f.Pool) {
				p.recounts = append(p.recounts, f.Pool)
			}
		case poolaudit.Double, poolaudit.Outside, poolaudit.Overlap, poolaudit.Unreadable:
			p.left = append(p.left, f)
		}
	}
	return p
}

func (p plan) empty() bool { return len(p.leaks)+len(p.recounts) == 0 }

func (p plan) verdict() error {
	if !p.empty() {
		return errFindings
	}
	return p.leftVerdict()
}

func (p plan) leftVerdict() error {
	if len(p.left) > 0 {
		return errFindings
	}
	return nil
}

func (t *tool) showPlan(p plan) error {
	if t.output == "json" {
		return t.json(map[string]any{
			"release": append([]poolaudit.Finding{}, p.leaks...), "recount": append([]string{}, p.recounts...),
			"leftAlone": append([]poolaudit.Finding{}, p.left...),
		})
	}
	var rows [][]string
	for _, f := range p.leaks {
		rows = append(rows, []string{"release", f.Pool, f.Address, f.Message})
	}
	for _, pool := range p.recounts {
		rows = append(rows, []string{"recount", pool, "-", "total, available and former holders are put right"})
	}
	for _, f := range p.left {
		rows = append(rows, []string{"leave", f.Pool, orNone(f.Address), fmt.Sprintf("%s: %s", f.Kind, f.Message)})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(t.streams.Out, "Nothing is wrong.")
		return err
	}
	return t.table([]string{"ACTION", "POOL", "ADDRESS", "WHY"}, rows)
}

func (t *tool) confirmed() bool {
	if !t.streams.Terminal {
		return false
	}
	_, _ = fmt.Fprint(t.streams.Err, "Do this? Only yes is taken for it: ")
	answer, _ := bufio.NewReader(t.streams.In).ReadString('\n')
	return strings.TrimSpace(answer) == "yes"
}

// carryOut looks once more who exists, since the plan may have waited for its answer, and then does what is still right.
func (t *tool) carryOut(ctx context.Context, v *view, p plan, named []string) error {
	now, err := t.gather(ctx, named)
	if err != nil {
		return err
	}
	store := ippool.NewStore(v.client)
	allocator := ipam.NewAllocator(store)
	for _, leak := range p.leaks {
		if who := now.holders.Who(leak.Owner); who != "" {
			_, _ = fmt.Fprintf(t.streams.Err, "Kept %s: %s is there now.\n", leak.Address, who)
			continue
		}
		addr, err := netip.ParseAddr(leak.Address)
		if err != nil {
			return err
		}
		if err := allocator.Release(ctx, leak.Pool, addr, leak.Owner); err != nil {
			return fmt.Errorf("release %s: %w", leak.Address, err)
		}
		_, _ = fmt.Fprintf(t.streams.Err, "Released %s of pool %s.\n", leak.Address, leak.Pool)
	}
	for _, pool := range p.recounts {
		if err := store.Recount(ctx, pool); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(t.streams.Err, "Counted pool %s anew.\n", pool)
	}
	return nil
}
