package poolcommand

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// shownPool is a pool as it is printed.
type shownPool struct {
	Name        string      `json:"name"`
	Network     string      `json:"network,omitempty"`
	Total       int64       `json:"total"`
	Available   int64       `json:"available"`
	Allocated   int         `json:"allocated"`
	Resting     int         `json:"resting"`
	Last        string      `json:"lastAllocated,omitempty"`
	Allocations []shownHeld `json:"allocations"`
}

type shownHeld struct {
	Address string `json:"address"`
	Owner   string `json:"owner"`
	Holder  string `json:"holder,omitempty"`
}

func (t *tool) show() *cobra.Command {
	return t.command(&cobra.Command{
		Use: "show [pool...]", Short: "Shows pools, and who holds the addresses of those named",
		Example: "  caphv-ipam show\n  caphv-ipam show capi-vm-pool",
		RunE: func(cmd *cobra.Command, named []string) error {
			v, err := t.gather(cmd.Context(), named)
			if err != nil {
				return err
			}
			shown := []shownPool{}
			for i := range v.pools {
				if among(named, v.pools[i].Name) {
					shown = append(shown, describe(&v.pools[i], v.holders))
				}
			}
			if t.output == "json" {
				return t.json(map[string]any{"pools": shown})
			}
			return t.showTables(shown, len(named) > 0)
		},
	})
}

func describe(pool *lbv1.IPPool, holders *poolaudit.Holders) shownPool {
	shown := shownPool{
		Name: pool.Name, Network: pool.Spec.Selector.Network, Total: pool.Status.Total, Available: pool.Status.Available,
		Allocated: len(pool.Status.Allocated), Last: pool.Status.LastAllocated, Allocations: []shownHeld{},
	}
	if read, err := ippool.FromTyped(pool); err == nil {
		shown.Resting = len(read.Released)
	}
	for addr, owner := range pool.Status.Allocated {
		shown.Allocations = append(shown.Allocations, shownHeld{addr, owner, holders.Who(owner)})
	}
	slices.SortFunc(shown.Allocations, func(a, b shownHeld) int {
		left, _ := netip.ParseAddr(a.Address)
		right, _ := netip.ParseAddr(b.Address)
		return cmp.Or(left.Compare(right), cmp.Compare(a.Address, b.Address))
	})
	return shown
}

func (t *tool) showTables(pools []shownPool, allocations bool) error {
	rows := make([][]string, 0, len(pools))
	for _, p := range pools {
		rows = append(rows, []string{p.Name, orNone(p.Network), fmt.Sprint(p.Total), fmt.Sprint(p.Available), fmt.Sprint(p.Allocated), fmt.Sprint(p.Resting), orNone(p.Last)})
	}
	err := t.table([]string{"POOL", "NETWORK", "TOTAL", "AVAILABLE", "ALLOCATED", "RESTING", "LAST"}, rows)
	if err != nil || !allocations {
		return err
	}
	rows = nil
	for _, p := range pools {
		for _, held := range p.Allocations {
			rows = append(rows, []string{p.Name, held.Address, held.Owner, orNone(held.Holder)})
		}
	}
	_, _ = fmt.Fprintln(t.streams.Out)
	return t.table([]string{"POOL", "ADDRESS", "OWNER", "HOLDER"}, rows)
}

func orNone(text string) string { return cmp.Or(text, "-") }
