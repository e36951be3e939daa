package ippool

import (
	"fmt"
	"maps"
	"net/netip"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Decode reads a pool from an IPPool object, and keeps the object as the pool's version.
func Decode(object *unstructured.Unstructured) (ipam.Pool, error) {
	typed := &lbv1.IPPool{}
	if err := fromUnstructured(object, typed); err != nil {
		return ipam.Pool{}, err
	}
	pool, err := FromTyped(typed)
	pool.Version = version{object: object}
	return pool, err
}

func fromUnstructured(object *unstructured.Unstructured, typed *lbv1.IPPool) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return fmt.Errorf("%w: IPPool %q cannot be read: %w", ipam.ErrInvalidRange, object.GetName(), err)
	}
	return nil
}

// FromTyped reads a pool from its typed form. The result has no version, so it cannot be written back. A pool with a
// range that cannot be read is ipam.ErrInvalidRange.
func FromTyped(object *lbv1.IPPool) (ipam.Pool, error) {
	pool := ipam.Pool{
		Name:      object.Name,
		Network:   object.Spec.Selector.Network,
		Allocated: holders(object.Status.Allocated),
		History:   holders(object.Status.AllocatedHistory),
	}
	if last, err := netip.ParseAddr(object.Status.LastAllocated); err == nil {
		pool.LastAllocated = last.Unmap()
	}
	for i, r := range object.Spec.Ranges {
		parsed, err := ipam.ParseRange(r.Subnet, r.RangeStart, r.RangeEnd, r.Gateway)
		if err != nil {
			return ipam.Pool{}, fmt.Errorf("IPPool %q spec.ranges[%d]: %w", object.Name, i, err)
		}
		pool.Ranges = append(pool.Ranges, parsed)
	}
	if err := readAnnotations(&pool, object.Annotations); err != nil {
		return ipam.Pool{}, err
	}
	return pool, nil
}

// holders reads a map of addresses. An entry whose key is no address is nobody's concern here; encode leaves it alone. If
// an address is there in two spellings, its usual one counts.
func holders(raw map[string]string) map[netip.Addr]string {
	parsed := make(map[netip.Addr]string, len(raw))
	for text, owner := range raw {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		addr = addr.Unmap()
		if _, twice := parsed[addr]; !twice || text == addr.String() {
			parsed[addr] = owner
		}
	}
	return parsed
}

// encode writes the pool's holders, history and counters into a copy of the object it was decoded from. The schema
// requires total, available and lastAllocated whenever there is a status, so all three are always written; available
// is counted afresh, the way Harvester's controller counts it when it starts.
func encode(pool ipam.Pool) (*unstructured.Unstructured, error) {
	read, _ := pool.Version.(version)
	object := read.object.DeepCopy()
	before, err := Decode(read.object)
	if err != nil {
		return nil, err
	}
	status, _, err := unstructured.NestedMap(object.Object, "status")
	if err != nil || status == nil {
		status = map[string]any{}
	}
	allocated := change(status, "allocated", before.Allocated, pool.Allocated)
	change(status, "allocatedHistory", before.History, pool.History)
	status["lastAllocated"] = ""
	if pool.LastAllocated.IsValid() {
		status["lastAllocated"] = pool.LastAllocated.String()
	}
	total, _ := status["total"].(int64)
	if total == 0 { // Harvester has not counted the pool yet. It knows nothing of exclusions.
		counted := pool
		counted.Excluded = nil
		total = countOf(counted)
	}
	status["total"] = total
	status["available"] = total - int64(len(allocated))
	object.Object["status"] = status
	return object, noteReleases(object, pool.Released)
}

// change applies the difference between two sets of holders to a map of the status, and so leaves every other entry, and
// the spelling of the keys, as they are. It returns the map.
func change(status map[string]any, field string, before, after map[netip.Addr]string) map[string]any {
	result := map[string]any{}
	existing, present := status[field].(map[string]any)
	maps.Copy(result, existing)
	for text := range existing {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		if owner, held := after[addr.Unmap()]; held {
			result[text] = owner
		} else {
			delete(result, text)
		}
	}
	for addr, owner := range after {
		if _, was := before[addr]; !was {
			result[addr.String()] = owner
		}
	}
	if present || len(result) > 0 {
		status[field] = result
	}
	return result
}
