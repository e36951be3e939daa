package loadbalancer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestOrderNamesEveryBackendOnceAndShunnedOnesLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 6).Draw(t, "backends")
		all := make([]string, count)
		for i := range all {
			all[i] = fmt.Sprintf("127.50.0.%d:6443", i+1)
		}
		var turns rotation
		turns.set(all)
		now := time.Unix(1000, 0)
		failed := map[string]bool{}
		for range rapid.IntRange(0, 10).Draw(t, "reports") {
			if count == 0 {
				break
			}
			backend := rapid.SampledFrom(all).Draw(t, "backend")
			failed[backend] = rapid.Bool().Draw(t, "failed")
			turns.report(backend, !failed[backend], now)
			order := turns.order(now)
			sorted := slices.Clone(order)
			slices.Sort(sorted)
			assert.Equal(t, all, sorted)
			assert.True(t, slices.IsSortedFunc(order, func(a, b string) int { return rank(failed[a]) - rank(failed[b]) }), order)
		}
		assert.Len(t, turns.order(now.Add(shunTime)), count)
	})
}

func rank(failed bool) int {
	if failed {
		return 1
	}
	return 0
}

func TestShunnedBackendIsTriedAgainAfterAWhile(t *testing.T) {
	var turns rotation
	turns.set([]string{"a", "b"})
	now := time.Unix(1000, 0)
	turns.report("a", false, now)
	assert.Equal(t, []string{"b", "a"}, turns.order(now))
	assert.Equal(t, []string{"b", "a"}, turns.order(now), "the turn of a does not make it healthy")
	assert.Equal(t, []string{"a", "b"}, turns.order(now.Add(shunTime)))
}
