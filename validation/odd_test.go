package validation

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// odd are values that someone may write anywhere.
var odd = []any{
	nil, "", "a", "a/b", "a/b/c", "A_b", ".", "image", "storageClass", "dhcp", "pool", "UDP", "0", "10Gi", "-1", "1e3", "4", "172.16.0.1", "172.16.0.300",
	"172.16.0.0/16", "172.16.3.4/16", "fd00::1", "fd00::/64", "255.255.0.0", "255.0.255.0", "é", "\xff", strings.Repeat("x", 70),
	int64(0), int64(1), int64(-1), int64(70_000), int64(1 << 62), 0.0, 1.0, 1.5, true, false,
	[]any{}, []any{nil}, []any{"a", "a"}, []any{"a", int64(1)}, []any{"172.16.0.1"}, map[string]any{}, map[string]any{"name": "a"},
	[]any{map[string]any{"index": int64(0), "gateway": "172.16.0.1", "ipPoolRefs": []any{"a"}}, map[string]any{"index": 1.0}},
	[]any{map[string]any{"volumeType": "image", "bootOrder": int64(2)}, map[string]any{"bootOrder": 2.0}, "x"},
}

// distort puts an odd value, or none, to some place of an object.
func distort(t *rapid.T, value any, fields []string) any {
	switch v := value.(type) {
	case map[string]any:
		changed := merge(v, nil)
		names := slices.Sorted(keysOf(v))
		name := rapid.SampledFrom(append(names, fields...)).Draw(t, "field")
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			delete(changed, name)
		case 1:
			changed[name] = rapid.SampledFrom(odd).Draw(t, "value")
		default:
			changed[name] = distort(t, v[name], fields)
		}
		return changed
	case []any:
		changed := slices.Clone(v)
		if len(changed) == 0 || rapid.Bool().Draw(t, "more") {
			return append(changed, rapid.SampledFrom(odd).Draw(t, "item"))
		}
		i := rapid.IntRange(0, len(changed)-1).Draw(t, "index")
		changed[i] = distort(t, changed[i], fields)
		return changed
	default:
		return rapid.SampledFrom(odd).Draw(t, "value")
	}
}

func keysOf(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// Whatever is written where, counting costs changes nothing in what is found, and nothing panics.
func TestCountingChangesNothingInOddObjects(t *testing.T) {
	fields := map[string][]string{
		"HarvesterMachine": {
			"cpu", "memory", "volumes", "networks", "networkConfig", "vmNetworkConfig", "networkInterfaces", "address", "gateway", "ipPoolRef",
			"ipPoolRefs", "dnsServers", "subnetMask", "bootOrder", "volumeSize", "storageClass", "firmware", "tpm", "sshKeyPair", "index",
		},
		"HarvesterCluster": {
			"vmNetworkConfig", "loadBalancerConfig", "ipPool", "ipPoolRef", "ipPoolRefs", "gateway", "subnet", "subnetMask", "rangeStart",
			"rangeEnd", "listeners", "ipamType", "targetNamespace", "identitySecret", "port", "backendPort", "protocol", "dnsServers",
		},
	}
	cluster := base(t, "HarvesterCluster")
	for kind, names := range fields {
		right := base(t, kind)
		rapid.Check(t, func(t *rapid.T) {
			object := right
			for range rapid.IntRange(1, 6).Draw(t, "changes") {
				object, _ = distort(t, object, names).(map[string]any)
			}
			assert.Equal(t, counting().Validate(object, right, Options{}), engine().Validate(object, right, Options{}))
			bundle := []map[string]any{object, cluster}
			assert.Equal(t, counting().ValidateBundle(bundle), engine().ValidateBundle(bundle))
		})
	}
}
