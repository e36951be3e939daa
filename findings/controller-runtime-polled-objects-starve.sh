#!/usr/bin/env bash
# controller-runtime v0.24.1, whose priority queue is on unless switched off: an object that was there when the manager
# started, and that its reconciler polls with RequeueAfter, keeps the low priority of the first list forever. While
# objects made later keep the workers busy, it is not reconciled at all.
#
# Expected by most: the low priority is for the burst after a start, and a poll is an ordinary request afterwards. But the
# requeue inherits the priority, the queue is strict, and nothing ages. After a restart in a busy management cluster,
# precisely the clusters that exist already wait, and no error, only their silence, tells so. A reconciler that polls
# returns reconcile.Result{RequeueAfter: ..., Priority: ptr.To(0)}.
#
# Output seen, of one worker with more polls than it can serve:
#   with the priority queue: before reconciled false, later reconciled true
#   the same with Priority 0 in the result: before reconciled true, later reconciled true
#   without the priority queue: before reconciled true, later reconciled true
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	k8s.io/api v0.36.3
	k8s.io/apimachinery v0.36.3
	k8s.io/client-go v0.36.3
	sigs.k8s.io/controller-runtime v0.24.1
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	server "k8s.io/client-go/tools/cache/testing"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// poller takes 20 ms for an object and asks for the next look 200 ms later: one worker serves ten objects or so.
type poller struct {
	priority *int
	mutex    sync.Mutex
	counts   map[string]int
}

func (p *poller) Reconcile(_ context.Context, request reconcile.Request) (reconcile.Result, error) {
	time.Sleep(20 * time.Millisecond)
	p.mutex.Lock()
	defer p.mutex.Unlock()

	group, _, _ := strings.Cut(request.Name, "-")
	p.counts[group]++
	return reconcile.Result{RequeueAfter: 200 * time.Millisecond, Priority: p.priority}, nil
}

// during counts the reconciliations of a span of time.
func (p *poller) during(span time.Duration) map[string]int {
	p.mutex.Lock()
	p.counts = map[string]int{}
	p.mutex.Unlock()
	time.Sleep(span)

	p.mutex.Lock()
	defer p.mutex.Unlock()
	counts := p.counts
	p.counts = map[string]int{}
	return counts
}

func try(name string, priorityQueue bool, priority *int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	objects := server.NewFakeControllerSource()
	add := func(group string, count int) {
		for i := range count {
			objects.Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", group, i)}})
		}
	}
	add("before", 5)
	informer := cache.NewSharedIndexInformer(objects, &corev1.ConfigMap{}, 0, cache.Indexers{})
	go informer.RunWithContext(ctx)

	reconciler, skip := &poller{priority: priority, counts: map[string]int{}}, true
	unit, err := controller.NewUnmanaged("poller", controller.Options{
		Reconciler: reconciler, UsePriorityQueue: &priorityQueue, SkipNameValidation: &skip,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := unit.Watch(&source.Informer{Informer: informer, Handler: &handler.EnqueueRequestForObject{}}); err != nil {
		log.Fatal(err)
	}
	go unit.Start(ctx)

	if counts := reconciler.during(time.Second); counts["before"] == 0 {
		log.Fatal("nothing is reconciled after the start")
	}
	add("later", 25)
	reconciler.during(2 * time.Second)
	counts := reconciler.during(5 * time.Second)
	fmt.Printf("%s: before reconciled %t, later reconciled %t\n", name, counts["before"] > 0, counts["later"] > 0)
}

func main() {
	try("with the priority queue", true, nil)
	try("the same with Priority 0 in the result", true, new(int))
	try("without the priority queue", false, nil)
}
END
run

cat >expected <<'END'
with the priority queue: before reconciled false, later reconciled true
the same with Priority 0 in the result: before reconciled true, later reconciled true
without the priority queue: before reconciled true, later reconciled true
END
same
