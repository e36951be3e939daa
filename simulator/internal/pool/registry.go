package pool

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/iprange"
)

// Registry is what the load balancer controller knows of pools: an allocator exists once the pool's controller has
// counted it. It is empty after a restart, which is why counters are recomputed then. Safe for concurrent use.
type Registry struct {
	mu         sync.Mutex
	allocators map[string]allocator
}

type allocator struct {
	checksum string
	ranges   iprange.Set
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{allocators: map[string]allocator{}} }

// Ranges returns the ranges of a pool that was counted.
func (r *Registry) Ranges(name string) (iprange.Set, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.allocators[name]
	return known.ranges, ok
}

// meet registers a pool and tells whether it is new or its ranges changed.
func (r *Registry) meet(pool *lbv1.IPPool) (iprange.Set, bool, error) {
	sum := checksum(pool.Spec.Ranges)
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.allocators[pool.Name]; ok && known.checksum == sum {
		return known.ranges, false, nil
	}
	ranges, err := iprange.ParseAll(pool.Spec.Ranges)
	if err != nil {
		return nil, false, err
	}
	r.allocators[pool.Name] = allocator{checksum: sum, ranges: ranges}
	return ranges, true, nil
}

func (r *Registry) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.allocators, name)
}

func checksum(ranges []lbv1.Range) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", ranges)))
	return hex.EncodeToString(sum[:])
}
