package poolaudit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

// Kind is what is wrong.
type Kind string

// The kinds of findings.
const (
	// Unreadable is a pool whose ranges or annotations cannot be read; nothing else is said of it.
	Unreadable Kind = "unreadable"
	// Leak is an address whose holder does not exist.
	Leak Kind = "leak"
	// Double is an owner that holds several addresses.
	Double Kind = "double"
	// Drift is a counter that is not what the ranges and holders add up to.
	Drift Kind = "drift"
	// History is an address that is held, and has a former holder noted all the same: that one will ask for it in vain.
	History Kind = "history"
	// Outside is an address that is held but that the pool cannot give.
	Outside Kind = "outside"
	// Overlap is a range that shares addresses with another one.
	Overlap Kind = "overlap"
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Pool    string `json:"pool"`
	Address string `json:"address,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Message string `json:"message"`
}

// Audit looks for what is wrong in pools. The findings are in the order of the pools' names, kinds and addresses.
func Audit(pools []lbv1.IPPool, holders *Holders) []Finding {
	var findings []Finding
	readable := make(map[string]ipam.Pool, len(pools))
	for i := range pools {
		pool, err := ippool.FromTyped(&pools[i])
		if err != nil {
			findings = append(findings, Finding{Kind: Unreadable, Pool: pools[i].Name, Message: err.Error()})
			continue
		}
		readable[pool.Name] = pool
		findings = append(findings, entries(pool, holders)...)
		findings = append(findings, drift(&pools[i])...)
	}
	findings = append(findings, doubles(readable)...)
	findings = append(findings, overlaps(readable)...)
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Kind, b.Kind), compareAddresses(a.Address, b.Address), cmp.Compare(a.Message, b.Message))
	})
	return findings
}

func compareAddresses(a, b string) int {
	left, _ := netip.ParseAddr(a)
	right, _ := netip.ParseAddr(b)
	return left.Compare(right)
}

func entries(pool ipam.Pool, holders *Holders) []Finding {
	var findings []Finding
	for addr, owner := range pool.Allocated {
		finding := Finding{Pool: pool.Name, Address: addr.String(), Owner: owner}
		if holders.Who(owner) == "" {
			findings = append(findings, finding.as(Leak, "held by %q, of which there is no virtual machine, load balancer, machine or claim", owner))
		}
		if former, noted := pool.History[addr]; noted {
			findings = append(findings, finding.as(History, "held by %q, and %q is noted to have held it last", owner, former))
		}
		if !gives(pool, addr) {
			findings = append(findings, finding.as(Outside, "held by %q, but in none of the ranges, or a gateway", owner))
		}
	}
	return findings
}

func (f Finding) as(kind Kind, format string, args ...any) Finding {
	f.Kind, f.Message = kind, fmt.Sprintf(format, args...)
	return f
}

func gives(pool ipam.Pool, addr netip.Addr) bool {
	return slices.ContainsFunc(pool.Ranges, func(r ipam.Range) bool { return r.Contains(addr) })
}

func drift(pool *lbv1.IPPool) []Finding {
	total, available, err := ippool.Count(pool)
	if err != nil || pool.Status.Total == 0 && pool.Status.LastAllocated == "" {
		return nil // Harvester has not counted it yet.
	}
	if pool.Status.Total == total && pool.Status.Available == available {
		return nil
	}
	return []Finding{Finding{Pool: pool.Name}.as(Drift, "total is %d and available %d, but the ranges and holders make it %d and %d",
		pool.Status.Total, pool.Status.Available, total, available)}
}

func doubles(pools map[string]ipam.Pool) []Finding {
	type place struct {
		pool string
		addr netip.Addr
	}
	places := map[string][]place{}
	for name, pool := range pools {
		for addr, owner := range pool.Allocated {
			places[owner] = append(places[owner], place{name, addr})
		}
	}
	var findings []Finding
	for owner, held := range places {
		for _, one := range held {
			if len(held) > 1 {
				finding := Finding{Pool: one.pool, Address: one.addr.String(), Owner: owner}
				findings = append(findings, finding.as(Double, "%q holds %d addresses", owner, len(held)))
			}
		}
	}
	return findings
}

func overlaps(pools map[string]ipam.Pool) []Finding {
	type run struct {
		pool  string
		index int
		ipam.Range
	}
	var runs []run
	for name, pool := range pools {
		for i, r := range pool.Ranges {
			runs = append(runs, run{name, i, r})
		}
	}
	slices.SortFunc(runs, func(a, b run) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.pool, b.pool), cmp.Compare(a.index, b.index))
	})
	var findings []Finding
	for i, a := range runs {
		for _, b := range runs[i+1:] {
			if a.End.Less(b.Start) || a.End.BitLen() != b.Start.BitLen() {
				break
			}
			finding := Finding{Pool: a.pool, Address: b.Start.String()}
			findings = append(findings, finding.as(Overlap, "spec.ranges[%d] and spec.ranges[%d] of pool %q overlap from %s on", a.index, b.index, b.pool, b.Start))
		}
	}
	return findings
}
