#!/usr/bin/env bash
# controller-runtime v0.24.1: when a manager ends, a Runnable that needs no leader election is stopped, and waited for,
# while reconciliations are still at work. Only afterwards are the controllers stopped.
#
# Expected by most: the reverse of the start, as caches and webhooks have it, which outlive the controllers. What reconcilers
# lean on (a connection pool, a tunnel to a workload cluster, a writer that collects changes) is naturally such a Runnable,
# because webhooks need it on every replica. At each upgrade of the provider, the reconciliations under way then find
# it closed and end in the middle, for example between the creation of a VM and the note of it. Close such a helper after
# the manager's Start has returned, not when its own context ends.
#
# Output seen:
#   reconciliation: begins
#   manager: is told to stop
#   helper: stopped
#   reconciliation: the helper is gone
#   manager: has stopped
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	github.com/go-logr/logr v1.4.3
	k8s.io/api v0.36.3
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
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// helper is what reconcilers lean on; every replica has it.
type helper struct{ gone chan struct{} }

func (h *helper) NeedLeaderElection() bool { return false }

func (h *helper) Start(ctx context.Context) error {
	<-ctx.Done()
	fmt.Println("helper: stopped")
	close(h.gone)
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctrl.SetLogger(logr.Discard())
	m, err := ctrl.NewManager(&rest.Config{Host: "http://127.0.0.1:1"}, manager.Options{
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	check(err)
	pool := &helper{gone: make(chan struct{})}
	check(m.Add(pool))

	begun := make(chan struct{})
	unit, err := controller.New("example", m, controller.Options{Reconciler: reconcile.Func(
		func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
			fmt.Println("reconciliation: begins")
			close(begun)
			select {
			case <-pool.gone:
				fmt.Println("reconciliation: the helper is gone")
			case <-ctx.Done():
				fmt.Println("reconciliation: is told to stop")
			case <-time.After(20 * time.Second):
			}
			return reconcile.Result{}, nil
		})})
	check(err)
	objects := make(chan event.TypedGenericEvent[client.Object], 1)
	objects <- event.TypedGenericEvent[client.Object]{Object: &corev1.ConfigMap{}}
	check(unit.Watch(source.Channel(objects, &handler.EnqueueRequestForObject{})))

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Start(ctx) }()
	<-begun
	fmt.Println("manager: is told to stop")
	stop()
	check(<-ended)
	fmt.Println("manager: has stopped")
}
END
run

cat >expected <<'END'
reconciliation: begins
manager: is told to stop
helper: stopped
reconciliation: the helper is gone
manager: has stopped
END
same
