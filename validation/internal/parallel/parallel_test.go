package parallel_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
)

func TestForEachCallsOnceForEachNumber(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		calls := make([]atomic.Int32, n)
		parallel.ForEach(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			assert.EqualValues(t, 1, calls[i].Load(), "%d of %d", i, n)
		}
	}
}
