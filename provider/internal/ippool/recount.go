package ippool

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// recountAttempts bounds how often Recount starts anew after another writer.
const recountAttempts = 12

// maxCount is the highest count that a pool is said to have: the largest whole number that every reader of JSON takes as it
// is. An IPv6 subnet has more addresses than that.
const maxCount = 1 << 53

// countOf is how many addresses a pool can give, maxCount at most.
func countOf(pool ipam.Pool) int64 {
	total := pool.Total()
	if !total.IsInt64() || total.Int64() > maxCount {
		return maxCount
	}
	return total.Int64()
}

// Count is what a pool's counters should be, as Harvester's controller counts them when it starts: all addresses of the
// ranges but gateways, and those less the held ones. A range that cannot be read is ipam.ErrInvalidRange.
func Count(object *lbv1.IPPool) (total, available int64, err error) {
	pool := ipam.Pool{}
	for i, r := range object.Spec.Ranges {
		parsed, err := ipam.ParseRange(r.Subnet, r.RangeStart, r.RangeEnd, r.Gateway)
		if err != nil {
			return 0, 0, fmt.Errorf("IPPool %q spec.ranges[%d]: %w", object.Name, i, err)
		}
		pool.Ranges = append(pool.Ranges, parsed)
	}
	total = countOf(pool)
	return total, total - int64(len(object.Status.Allocated)), nil
}

// Recount puts a pool's counters right and strikes former holders of addresses that are held. It changes nothing else,
// and writes nothing if all is right. The errors are those of Get and Update.
func (s *Store) Recount(ctx context.Context, pool string) error {
	for attempt := 1; ; attempt++ {
		err := s.recount(ctx, pool)
		if !errors.Is(err, ipam.ErrConflict) || attempt == recountAttempts {
			return err
		}
	}
}

func (s *Store) recount(ctx context.Context, name string) error {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(GroupVersionKind)
	if err := s.client.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		return poolError("read", name, err)
	}
	typed := &lbv1.IPPool{}
	if err := fromUnstructured(object, typed); err != nil {
		return err
	}
	total, available, err := Count(typed)
	if err != nil {
		return err
	}
	stale := staleHistory(typed)
	if len(stale) == 0 && typed.Status.Total == total && typed.Status.Available == available {
		return nil
	}
	status, _, err := unstructured.NestedMap(object.Object, "status")
	if err != nil || status == nil {
		status = map[string]any{}
	}
	status["total"], status["available"], status["lastAllocated"] = total, available, typed.Status.LastAllocated
	if history, ok := status["allocatedHistory"].(map[string]any); ok {
		for _, text := range stale {
			delete(history, text)
		}
	}
	object.Object["status"] = status
	if err := s.client.Update(ctx, object); err != nil {
		return poolError("write", name, err)
	}
	return nil
}

func staleHistory(pool *lbv1.IPPool) []string {
	held := holders(pool.Status.Allocated)
	var stale []string
	for text := range pool.Status.AllocatedHistory {
		if addr, err := netip.ParseAddr(text); err == nil && held[addr.Unmap()] != "" {
			stale = append(stale, text)
		}
	}
	return stale
}
