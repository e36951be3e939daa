package etcdops

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Way is how an etcd inside a cluster is reached.
type Way string

const (
	// WayPortForward connects to etcd by a port-forward, with a client certificate issued from the etcd CA.
	WayPortForward Way = "PortForward"
	// WayExec runs etcdctl inside the etcd pods.
	WayExec Way = "Exec"
	// WayAnnotation has RKE2 remove the member, by an annotation on its Node.
	WayAnnotation Way = "Annotation"
)

// Ways are all ways in the order in which they are preferred.
var Ways = []Way{WayPortForward, WayExec, WayAnnotation}

// Observer sees an etcd cluster and changes it; *Client and *Nodes implement it.
type Observer interface {
	Observe(ctx context.Context) (Snapshot, error)
	Execute(ctx context.Context, plan Plan) error
	Close() error
}

// Route is one way that is there, or the reason why it is not.
type Route struct {
	Way      Way
	Observer Observer
	// Missing says why Observer is nil.
	Missing error
}

// Departure is who leaves which cluster.
type Departure struct {
	// Node that leaves; empty to look only.
	Node string
	// Flavor says how members are named after nodes.
	Flavor Flavor
	// DesiredVoters is the size the control plane is meant to have, 0 when unknown.
	DesiredVoters int
	// LookTimeout bounds each observation by one route; 0 means that only the context does.
	LookTimeout time.Duration
	// ClusterDeleting is true when the whole cluster goes away.
	ClusterDeleting bool
}

// Result is how far a departure has come.
type Result struct {
	// Plan is the last one. ActionNone means that the member is out, by a snapshot taken after the last change.
	Plan Plan
	// Snapshot is what Plan was made from.
	Snapshot Snapshot
	// Way is how the snapshot was taken.
	Way Way
	// Acted tells whether a removal was tried.
	Acted bool
	// Passed says why ways preferred to Way were not used.
	Passed []error
}

// maxSteps bounds how many changes one call makes: hand over leadership, then remove, then look again; twice, as a node
// that rejoined may have left a member behind.
const maxSteps = 6

// TakeOut observes, decides and does what the plan says, until the plan asks for nothing that can be done at once. The
// first route that can observe is used; when it breaks down, the next one observes anew. Nothing is done on an
// observation by one route that another one made before a change.
//
// Errors: ErrUnhealthy, ErrNoLeader and ErrNotApplied mean to call again later; ErrUnreachable says that no route leads
// to etcd. The result is filled as far as the call came, even with an error.
func TakeOut(ctx context.Context, routes []Route, departure Departure) (Result, error) {
	var result Result
	for step := 0; step < maxSteps; {
		var err error
		if routes, err = result.look(ctx, routes, departure); err != nil {
			return result, err
		}
		if result.Plan.Action != ActionMoveLeader && result.Plan.Action != ActionRemoveMember {
			return result, nil
		}
		result.Acted = result.Acted || result.Plan.Action == ActionRemoveMember
		err = routes[0].Observer.Execute(ctx, result.Plan)
		switch {
		case err == nil:
			step++
		case ctx.Err() != nil || isAnswer(err):
			return result, err
		default:
			result.pass(routes[0], err)
			routes = routes[1:]
		}
	}
	return result, fmt.Errorf("%w: after %d changes there is still something to do: %s", ErrNotApplied, maxSteps, result.Plan.Reason)
}

// Look observes and decides, by the first route that can, and changes nothing.
func Look(ctx context.Context, routes []Route, departure Departure) (Result, error) {
	var result Result
	_, err := result.look(ctx, routes, departure)
	return result, err
}

// look fills the plan and returns the routes from the one that was used on.
func (r *Result) look(ctx context.Context, routes []Route, departure Departure) ([]Route, error) {
	for ; len(routes) > 0; routes = routes[1:] {
		route := routes[0]
		if route.Observer == nil {
			r.pass(route, route.Missing)
			continue
		}
		snapshot, err := observe(ctx, route.Observer, departure.LookTimeout)
		if err != nil {
			r.pass(route, err)
			continue
		}
		snapshot.LeavingNode, snapshot.Flavor = departure.Node, departure.Flavor
		snapshot.DesiredVoters, snapshot.ClusterDeleting = departure.DesiredVoters, departure.ClusterDeleting
		r.Snapshot, r.Way, r.Plan = snapshot, route.Way, Decide(snapshot)
		return routes, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrUnreachable, errors.Join(r.Passed...))
}

func observe(ctx context.Context, observer Observer, timeout time.Duration) (Snapshot, error) {
	if timeout > 0 {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ctx = bounded
	}
	return observer.Observe(ctx)
}

func (r *Result) pass(route Route, why error) {
	r.Passed = append(r.Passed, fmt.Errorf("%s: %w", route.Way, why))
}

// isAnswer tells whether etcd or RKE2 has spoken, so that another way would not help.
func isAnswer(err error) bool {
	return isVerdict(err) || errors.Is(err, ErrNoLeader) || errors.Is(err, ErrNotApplied)
}

// CloseRoutes ends the connections of all routes.
func CloseRoutes(routes []Route) error {
	var failures []error
	for _, route := range routes {
		if route.Observer != nil {
			failures = append(failures, route.Observer.Close())
		}
	}
	return errors.Join(failures...)
}
