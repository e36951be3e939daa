package judge

import (
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

const (
	// stormWindow is the time over which requests are counted.
	stormWindow = time.Minute
	// requestsPerMachine is how many requests a machine may cost in it, retries under faults and a second manager included.
	requestsPerMachine = 120
	// requestsBesides is how many more there may be, for connections, watches, and clusters without machines.
	requestsBesides = 600
)

// load is what the client asks of Harvester.
type load struct {
	requests []time.Time
	// machines are those of the client, by name, with the time when they were gone; zero while they exist.
	machines map[string]time.Time
	// stormy tells that the present storm was found already.
	stormy bool
}

func newLoad() *load { return &load{machines: map[string]time.Time{}} }

// checkLoad counts an event, and finds each storm once.
func (w *world) checkLoad(event history.Event) {
	l, name := w.load, event.Namespace+"/"+event.Name
	switch event.Kind {
	case history.MachineUp:
		l.machines[name] = time.Time{}
	case history.MachineGone:
		l.machines[name] = event.Time
	case history.ReadRequest, history.Write:
		l.add(event.Time)
		allowed := requestsBesides
		if len(l.requests) > allowed {
			allowed += requestsPerMachine * l.count(event.Time)
		}
		stormy := len(l.requests) > allowed
		if stormy && !l.stormy {
			w.find(NoStorm, event, "%d requests within %s, the last a %s of %s %s: %d are enough", len(l.requests), stormWindow, event.Verb, event.Resource, name, allowed)
		}
		l.stormy = stormy
	case history.MachineDown, history.MachineAddresses, history.PoolChanged, history.BackendsChanged, history.Fault:
		// Neither a request nor a machine that comes or goes.
	}
}

// add counts a request, and forgets those that are out of the window.
func (l *load) add(now time.Time) {
	l.requests = append(l.requests, now)
	for now.Sub(l.requests[0]) > stormWindow {
		l.requests = l.requests[1:]
	}
}

// count is how many machines existed within the window.
func (l *load) count(now time.Time) int {
	count := 0
	for name, gone := range l.machines {
		if !gone.IsZero() && now.Sub(gone) > stormWindow {
			delete(l.machines, name)
			continue
		}
		count++
	}
	return count
}
