package phase_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

func TestInTurnKeepsTheResult(t *testing.T) {
	failure := fmt.Errorf("no answer")
	for name, c := range map[string]struct {
		result ctrl.Result
		err    error
	}{
		"done":    {},
		"requeue": {result: ctrl.Result{RequeueAfter: time.Second}},
		"error":   {err: failure},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := phase.InTurn(reconcile.Func(func(context.Context, ctrl.Request) (ctrl.Result, error) {
				return c.result, c.err
			})).Reconcile(t.Context(), ctrl.Request{})
			require.ErrorIs(t, err, c.err)
			assert.Equal(t, c.result.RequeueAfter, result.RequeueAfter)
			require.NotNil(t, result.Priority)
			assert.Zero(t, *result.Priority)
		})
	}
}

// Objects that were there at the start are reconciled again although newer ones keep the only worker busy.
func TestOldObjectsHaveTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &poller{counts: map[string]int{}}
		ctx, stop := context.WithCancel(t.Context())
		c, err := controller.NewUnmanaged("turns", controller.Options{
			Reconciler: phase.InTurn(busy), UsePriorityQueue: new(true), SkipNameValidation: new(true), MaxConcurrentReconciles: 1,
		})
		require.NoError(t, err)
		require.NoError(t, c.Watch(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
			low := -100 // what handlers give to objects of the first list
			queue.(priorityqueue.PriorityQueue[ctrl.Request]).AddWithOpts(priorityqueue.AddOpts{Priority: &low}, named("old"))
			go func() {
				time.Sleep(time.Second)
				for i := range 20 {
					queue.Add(named(fmt.Sprint("new-", i)))
				}
			}()
			return nil
		})))
		ended := make(chan error)
		go func() { ended <- c.Start(ctx) }()

		time.Sleep(time.Minute) // of the bubble's clock
		stop()
		require.NoError(t, <-ended)
		assert.Greater(t, busy.counts["old"], 10)
	})
}

// A controller that is set up without InTurn would starve its older objects again.
func TestEveryReconcilerIsInTurn(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	setUp := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(string(text), "NewControllerManagedBy(") {
			continue
		}
		begun, inTurn := strings.Count(string(text), "NewControllerManagedBy("), strings.Count(string(text), "(phase.InTurn(r))")
		assert.Equal(t, begun, inTurn, "%s: give Complete or Build phase.InTurn(r)", file)
		setUp += begun
	}
	require.Positive(t, setUp)
}

// poller takes 20 ms for an object and looks again after 200 ms, so that one worker serves about ten.
type poller struct {
	mu     sync.Mutex
	counts map[string]int
}

func (p *poller) Reconcile(_ context.Context, request ctrl.Request) (ctrl.Result, error) {
	time.Sleep(20 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[request.Name]++
	return ctrl.Result{RequeueAfter: 200 * time.Millisecond}, nil
}

func named(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: types.NamespacedName{Name: name}}
}
