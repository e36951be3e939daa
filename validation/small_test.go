package validation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whether costs are counted or not makes no difference to what is found.
func TestCountingChangesNothing(t *testing.T) {
	for _, file := range fixtures(t) {
		for _, c := range file.Cases {
			object := merge(base(t, file.Kind), c.Patch)
			require.True(t, isSmall(object))
			var old map[string]any
			if c.Old != nil {
				old = merge(base(t, file.Kind), c.Old)
			}
			assert.Equal(t, c.findings(counting(), object, old), c.findings(engine(), object, old), "%s %s", file.Kind, c.Rule)
		}
	}
}

// The dearest objects that count as small stay below the limits.
func TestSmallObjectsCostLess(t *testing.T) {
	list := func(n int, item func(i int) any) []any {
		var items []any
		for i := range n {
			items = append(items, item(i))
		}
		return items
	}
	names := func(i int) any { return fmt.Sprintf("namespace-with-name/p%d", i) }
	for name, object := range map[string]map[string]any{
		"pools":    merge(base(t, "HarvesterCluster"), map[string]any{"spec": map[string]any{"vmNetworkConfig": map[string]any{"ipPoolRefs": list(480, names)}}}),
		"networks": merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"networks": list(480, names)}}),
		"volumes": merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"volumes": list(120, func(i int) any {
			return map[string]any{"volumeType": "storageClass", "storageClass": "a", "bootOrder": int64(i)}
		})}}),
		"listeners": merge(base(t, "HarvesterCluster"), map[string]any{"spec": map[string]any{"loadBalancerConfig": map[string]any{"listeners": list(95, func(i int) any {
			return map[string]any{"name": fmt.Sprint(i), "port": int64(i + 1), "backendPort": int64(1), "protocol": "UDP"}
		})}}}),
		"one text": merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"memory": strings.Repeat("1", 15_000)}}),
	} {
		require.True(t, isSmall(object), name)
		for _, f := range counting().Validate(object, object, Options{}) {
			assert.NotContains(t, f.Message, "cannot be checked", name)
		}
	}
	assert.False(t, isSmall(map[string]any{"a": list(600, names)}))
	assert.False(t, isSmall(map[string]any{"a": strings.Repeat("x", smallText+1)}))
}

// counting is the engine with costs counted for every object.
func counting() *Engine {
	e := *engine()
	e.countAlways = true
	return &e
}

func BenchmarkValidateCounting(b *testing.B) {
	object, e := base(b, "HarvesterMachine"), counting()
	for b.Loop() {
		e.Validate(object, nil, Options{})
	}
}
