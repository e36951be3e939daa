// Package kit holds what the simulator's controllers share: Env, their access to the API and to time; Timers, which
// make delays survive re-reconciliation; and helpers for Harvester's own condition form.
package kit

import (
	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// Env is what every controller of the simulator is given.
type Env struct {
	// Client reads from watching caches and writes to the apiserver, as Harvester's controllers do: what it reads may be
	// a little old, and a write based on that is refused with a conflict.
	Client client.Client
	// Live reads from the apiserver.
	Live client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Quirks is how the release behaves.
	Quirks version.Quirks
	// History takes note of what happens to machines and addresses; nil notes nothing.
	History *history.Log
	// Log takes what the simulator has to say.
	Log logr.Logger
}
