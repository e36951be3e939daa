// Package parallel spreads work that only computes over the processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// ForEach calls work once for each number from 0 to n-1, on as many goroutines as Go may use processors (GOMAXPROCS),
// and returns when all calls have. The numbers are handed out in order; work must be safe for concurrent use.
func ForEach(n int, work func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
}
