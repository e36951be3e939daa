package statuspage

import (
	"cmp"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

const (
	// mostDrawn is how many addresses a pool may have to be drawn as a map. An IPv6 pool may have more than can be counted.
	mostDrawn = 65536
	// mostCells is how many cells a map has at most; in a larger pool each stands for several addresses.
	mostCells = 256
)

// Use says what a cell of a map is used for.
type Use string

// The uses, the later ones more remarkable than the earlier ones.
const (
	UseFree    Use = "free"
	UseOther   Use = "other"
	UseMachine Use = "machine"
)

// PoolMap is the addresses of one pool.
type PoolMap struct {
	Name string `json:"name"`
	// Identity is the identity Secret that sees it.
	Identity string   `json:"identity"`
	Ranges   []string `json:"ranges"`
	// Total and Held count addresses. Total is a decimal number, as it may be larger than any integer type.
	Total string `json:"total"`
	Held  int    `json:"held"`
	// Cells are the map; nil when the pool is too large for one. PerCell is how many addresses one cell stands for.
	Cells   []Cell `json:"-"`
	PerCell int    `json:"-"`
	// Holders are ordered by address.
	Holders []Holder `json:"holders"`
	// Broken says why the pool cannot be read.
	Broken string `json:"broken,omitempty"`
}

// Cell is one or several neighboring addresses.
type Cell struct {
	First netip.Addr
	Use   Use
}

// Holder is one held address.
type Holder struct {
	Address string `json:"address"`
	// ID is what the pool notes; Machine is the machine that it stands for, as "namespace/name", if it is one of this
	// management cluster.
	ID      string `json:"id"`
	Machine string `json:"machine,omitempty"`
}

// holders finds machines by the ids that pools note. A machine's VM is in its cluster's target namespace.
func holders(s Snapshot) func(id string) (machine string) {
	targets := map[client.ObjectKey][]string{}
	infra := byOwner(s.Infra)
	for i := range s.Clusters {
		if of := infra[infraKey(&s.Clusters[i])]; of != nil {
			key := client.ObjectKeyFromObject(&s.Clusters[i])
			targets[key] = append(targets[key], of.Spec.TargetNamespace)
		}
	}
	machines := map[client.ObjectKey]string{}
	for i := range s.InfraMachines {
		machine := &s.InfraMachines[i]
		for _, target := range targets[client.ObjectKey{Namespace: machine.Namespace, Name: machine.Labels[clusterv1.ClusterNameLabel]}] {
			machines[client.ObjectKey{Namespace: target, Name: machine.Name}] = client.ObjectKeyFromObject(machine).String()
		}
	}
	claims := claimsOf(s.InfraMachines)
	return func(id string) string {
		if namespace, vm, ours := names.VMOfAddressOwner(id); ours {
			return machines[client.ObjectKey{Namespace: namespace, Name: vm}]
		}
		return claims(id)
	}
}

// claimsOf finds machines by the ids of the IPAddressClaims that were made for them.
func claimsOf(machines []infrav1.HarvesterMachine) func(id string) string {
	made := map[client.ObjectKey]string{}
	for i := range machines {
		for _, held := range machines[i].Status.AllocatedAddresses {
			if held.ClaimRef != "" {
				made[client.ObjectKey{Namespace: machines[i].Namespace, Name: held.ClaimRef}] = client.ObjectKeyFromObject(&machines[i]).String()
			}
		}
	}
	return func(id string) string {
		namespace, rest, _ := strings.Cut(id, "/")
		claim, _, _ := strings.Cut(rest, ".")
		if !names.IsClaimAddressOwner(id, namespace, claim) {
			return ""
		}
		return made[client.ObjectKey{Namespace: namespace, Name: claim}]
	}
}

// poolMaps makes the maps. A pool that several identities see is shown once.
func poolMaps(pools []Pool, holderOf func(string) string) []PoolMap {
	made := []PoolMap{}
	seen := map[types.UID]bool{}
	for i := range pools {
		if uid := pools[i].UID; uid != "" {
			if seen[uid] {
				continue
			}
			seen[uid] = true
		}
		made = append(made, newPoolMap(&pools[i], holderOf))
	}
	slices.SortFunc(made, func(a, b PoolMap) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Identity, b.Identity))
	})
	return made
}

func newPoolMap(object *Pool, holderOf func(string) string) PoolMap {
	made := PoolMap{Name: object.Name, Identity: object.Identity, Holders: []Holder{}, Ranges: []string{}, Total: "0"}
	pool, err := ippool.FromTyped(&object.IPPool)
	if err != nil {
		made.Broken = err.Error()
		return made
	}
	span := new(big.Int)
	for _, r := range pool.Ranges {
		made.Ranges = append(made.Ranges, r.Start.String()+" to "+r.End.String())
		span.Add(span, r.Size())
	}
	total := pool.Total()
	made.Total, made.Held = total.String(), len(pool.Allocated)
	uses := map[netip.Addr]Use{}
	for _, addr := range slices.SortedFunc(maps.Keys(pool.Allocated), netip.Addr.Compare) {
		holder := Holder{Address: addr.String(), ID: pool.Allocated[addr], Machine: holderOf(pool.Allocated[addr])}
		made.Holders = append(made.Holders, holder)
		uses[addr] = UseOther
		if holder.Machine != "" {
			uses[addr] = UseMachine
		}
	}
	if span.Cmp(big.NewInt(mostDrawn)) <= 0 { // Excluded addresses are walked over, too.
		made.Cells, made.PerCell = cells(pool, int(total.Int64()), uses)
	}
	return made
}

// cells draws a pool's addresses in their order. The use of a cell of several addresses is the most remarkable one of theirs.
func cells(pool ipam.Pool, total int, uses map[netip.Addr]Use) (drawn []Cell, perCell int) {
	perCell = max(1, (total+mostCells-1)/mostCells)
	count := 0
	for _, r := range pool.Ranges {
		for addr := r.Start; addr.IsValid() && !r.End.Less(addr); addr = addr.Next() {
			if !gives(pool, r, addr) {
				continue
			}
			if count%perCell == 0 {
				drawn = append(drawn, Cell{First: addr, Use: UseFree})
			}
			count++
			cell := &drawn[len(drawn)-1]
			if use := uses[addr]; use == UseMachine || use == UseOther && cell.Use == UseFree {
				cell.Use = use
			}
		}
	}
	return drawn, perCell
}

// gives tells whether a pool may give an address of one of its ranges.
func gives(pool ipam.Pool, r ipam.Range, addr netip.Addr) bool {
	if !r.Contains(addr) {
		return false
	}
	for _, out := range pool.Excluded {
		if out.Contains(addr) {
			return false
		}
	}
	return true
}
