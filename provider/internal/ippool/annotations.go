package ippool

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Annotations on an IPPool that Harvester does not read. The first two are for an administrator to set.
const (
	// ExcludedAnnotation lists addresses that machines must not get, such as "10.0.0.5, 10.0.0.8-10.0.0.9, 10.0.1.0/28".
	// Load balancers may still get them.
	ExcludedAnnotation = "infrastructure.cluster.x-k8s.io/excluded-addresses"
	// ReuseGraceAnnotation is how long an address that a machine gave back rests before another machine gets it, if there
	// is a choice, such as "10m".
	ReuseGraceAnnotation = "infrastructure.cluster.x-k8s.io/address-reuse-grace-period"
	// ReleasedAnnotation notes since when addresses rest. It is there only while some do.
	ReleasedAnnotation = "infrastructure.cluster.x-k8s.io/released-addresses"
)

// readAnnotations adds to a pool what the annotations say. A note of releases that cannot be read is passed over: it
// costs a rest, no address.
func readAnnotations(pool *ipam.Pool, annotations map[string]string) error {
	var err error
	if pool.Excluded, err = ipam.ParseExclusions(annotations[ExcludedAnnotation]); err != nil {
		return fmt.Errorf("IPPool %q annotation %s: %w", pool.Name, ExcludedAnnotation, err)
	}
	if text := annotations[ReuseGraceAnnotation]; text != "" {
		pool.ReuseGrace, err = time.ParseDuration(text)
		if err != nil || pool.ReuseGrace < 0 {
			return fmt.Errorf("IPPool %q annotation %s: %w: %q is no duration, such as 10m", pool.Name, ReuseGraceAnnotation, ipam.ErrInvalidRange, text)
		}
	}
	pool.Released = releases(annotations[ReleasedAnnotation])
	return nil
}

// releases reads the notes. One that is of no address, or whose time cannot be written again, is passed over: it must not
// stand in the way of the pool's next write.
func releases(text string) map[netip.Addr]time.Time {
	var notes map[netip.Addr]time.Time
	if json.Unmarshal([]byte(text), &notes) != nil {
		return nil
	}
	maps.DeleteFunc(notes, func(addr netip.Addr, at time.Time) bool {
		year := at.UTC().Year()
		return !addr.IsValid() || addr.Zone() != "" || year < 0 || year > 9999
	})
	return notes
}

// maxAnnotations bounds the annotations of an object that we write, in bytes: the API server refuses more than 256 KiB, and
// others need room too.
const maxAnnotations = 192 << 10

// releaseNote is how long the note of a release is beside its address, in bytes.
const releaseNote = len(`"":"2006-01-02T15:04:05Z",`)

// latestReleases leaves out the oldest releases where not all of them can be noted: those addresses have rested longest. A
// note that is too long would be refused, and with it every release of the pool.
func latestReleases(released map[netip.Addr]time.Time, others map[string]string) map[netip.Addr]time.Time {
	room := maxAnnotations
	for key, value := range others {
		if key != ReleasedAnnotation {
			room -= len(key) + len(value)
		}
	}
	latest := slices.SortedFunc(maps.Keys(released), func(a, b netip.Addr) int {
		return cmp.Or(released[b].Compare(released[a]), a.Compare(b))
	})
	kept := make(map[netip.Addr]time.Time, len(released))
	for _, addr := range latest {
		if room -= len(addr.String()) + releaseNote; room < 0 {
			break
		}
		kept[addr] = released[addr]
	}
	return kept
}

// noteReleases writes since when addresses rest, to the second.
func noteReleases(object *unstructured.Unstructured, released map[netip.Addr]time.Time) error {
	annotations := object.GetAnnotations()
	released = latestReleases(released, annotations)
	if len(released) == 0 {
		if _, present := annotations[ReleasedAnnotation]; !present {
			return nil
		}
		delete(annotations, ReleasedAnnotation)
		object.SetAnnotations(annotations)
		return nil
	}
	rounded := make(map[netip.Addr]time.Time, len(released))
	for addr, at := range released {
		rounded[addr] = at.UTC().Truncate(time.Second)
	}
	text, err := json.Marshal(rounded)
	if err != nil {
		return fmt.Errorf("note the releases of IPPool %q: %w", object.GetName(), err)
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[ReleasedAnnotation] = string(text)
	object.SetAnnotations(annotations)
	return nil
}
