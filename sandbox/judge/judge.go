// Package judge reads the recorded history of a Harvester stand-in and says
// where something happened that must never happen: an address on two live
// machines, a machine made twice, an owner with two addresses, an address given
// back while its machine still had it, another cluster's machine behind a load
// balancer, a volume deleted that the client did not have made, a storm of
// requests, anything left at the end.
//
// [Judge] is a pure function of the events. It knows only what the stand-in
// recorded; what the management cluster held at the time it does not see.
package judge

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// Rule names what was broken.
type Rule string

// The rules.
const (
	// OneMachineAnAddress: no address is on two live machines.
	OneMachineAnAddress Rule = "one-machine-an-address"
	// MadeOnce: no machine is made a second time under the same name.
	MadeOnce Rule = "made-once"
	// OneAddressAnOwner: no owner holds two addresses at a time.
	OneAddressAnOwner Rule = "one-address-an-owner"
	// KeptWhileInUse: no address is given back or away while a live machine has
	// it.
	KeptWhileInUse Rule = "kept-while-in-use"
	// OwnBackends: no load balancer of a cluster leads to a machine of another
	// one.
	OwnBackends Rule = "own-backends"
	// OwnVolumes: the client deletes no volume that was not made for a VM of
	// its own.
	OwnVolumes Rule = "own-volumes"
	// NoStorm: the client sends no more requests than its machines need.
	NoStorm Rule = "no-request-storm"
	// NothingLeft: no machine lives and no address is held at the end.
	NothingLeft Rule = "nothing-left"
)

// Finding is one breach of a rule.
type Finding struct {
	Rule   Rule
	Time   time.Time
	Detail string
}

// String tells the finding in a sentence.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (%s)", f.Rule, f.Detail, f.Time.Format(time.TimeOnly))
}

// Judge returns every breach in the order of the events. With gone, everything
// is expected to be gone at the end.
func Judge(events []history.Event, gone bool) []Finding {
	w := world{
		machines: map[string]*machine{}, made: map[string]string{}, pools: map[string]map[string]string{},
		losses: lossesOf(events), lost: map[string]map[string]string{}, versions: map[string]uint64{},
		known: map[string]bool{}, volumes: map[string]bool{}, load: newLoad(),
	}
	for _, event := range events {
		w.see(event)
	}
	if gone && len(events) > 0 {
		w.checkNothingLeft(events[len(events)-1].Time)
	}
	return w.findings
}

// machine is a powered-on guest.
type machine struct {
	name      string
	addresses []string
}

// world is what the events so far add up to.
type world struct {
	machines map[string]*machine          // by instance UID, live ones only
	made     map[string]string            // VM UID by name
	pools    map[string]map[string]string // holder by address, by pool
	losses   map[string][]uint64          // versions at which a pool lost its status, by pool
	lost     map[string]map[string]string // entries that were lost so, by pool
	versions map[string]uint64            // the last version seen, by pool
	known    map[string]bool              // VMs of the client's, by UID
	volumes  map[string]bool              // claims made for them, by namespace and name
	load     *load
	findings []Finding
}

func (w *world) see(event history.Event) {
	name := event.Namespace + "/" + event.Name
	w.checkLoad(event)
	switch event.Kind {
	case history.MachineUp:
		if uid, known := w.made[name]; known && uid != event.UID {
			w.find(MadeOnce, event, "%s was made again: first %s, then %s", name, uid, event.UID)
		}
		w.made[name] = event.UID
		w.machines[event.InstanceUID] = &machine{name: name}
	case history.MachineAddresses:
		if m := w.machines[event.InstanceUID]; m != nil {
			m.addresses = event.Addresses
			w.checkAddresses(event, event.InstanceUID)
		}
	case history.MachineDown:
		delete(w.machines, event.InstanceUID)
	case history.PoolChanged:
		w.seePool(event)
	case history.BackendsChanged:
		w.checkBackends(event)
	case history.Write:
		w.seeWrite(event)
	case history.ReadRequest, history.MachineGone, history.Fault:
		// Only the load is counted of them, and lossesOf reads faults.
	}
}

// checkAddresses compares a machine's addresses with those of all others.
func (w *world) checkAddresses(event history.Event, instance string) {
	for _, other := range slices.Sorted(maps.Keys(w.machines)) {
		if other == instance {
			continue
		}
		for _, address := range w.machines[other].addresses {
			if slices.Contains(event.Addresses, address) {
				w.find(OneMachineAnAddress, event, "%s is on %s and on %s", address, w.machines[other].name, w.machines[instance].name)
			}
		}
	}
}

func (w *world) seePool(event history.Event) {
	before := w.before(event)
	for _, address := range slices.Sorted(maps.Keys(before)) {
		if event.Allocated[address] == before[address] {
			continue
		}
		if user := w.liveUser(address); user != "" {
			w.find(KeptWhileInUse, event, "%s of pool %s left %s while %s had it", address, event.Name, before[address], user)
		}
	}
	w.pools[event.Name] = event.Allocated
	held := map[string]string{}
	for _, pool := range slices.Sorted(maps.Keys(w.pools)) {
		for _, address := range slices.Sorted(maps.Keys(w.pools[pool])) {
			owner := w.pools[pool][address]
			if first, already := held[owner]; already {
				w.find(OneAddressAnOwner, event, "%s holds %s and %s", owner, first, address)
			}
			held[owner] = address
		}
	}
}

// liveUser names the machine that has an address; empty when none does.
func (w *world) liveUser(address string) string {
	for _, instance := range slices.Sorted(maps.Keys(w.machines)) {
		if slices.Contains(w.machines[instance].addresses, address) {
			return w.machines[instance].name
		}
	}
	return ""
}

func (w *world) checkNothingLeft(end time.Time) {
	for _, instance := range slices.Sorted(maps.Keys(w.machines)) {
		w.find(NothingLeft, history.Event{Time: end}, "machine %s still runs", w.machines[instance].name)
	}
	for _, pool := range slices.Sorted(maps.Keys(w.pools)) {
		for _, address := range slices.Sorted(maps.Keys(w.pools[pool])) {
			w.find(NothingLeft, history.Event{Time: end}, "%s of pool %s is still held by %s", address, pool, w.pools[pool][address])
		}
	}
}

func (w *world) find(rule Rule, event history.Event, format string, args ...any) {
	w.findings = append(w.findings, Finding{Rule: rule, Time: event.Time, Detail: fmt.Sprintf(format, args...)})
}
