package apiproxy

import (
	"math/rand/v2"
	"sync"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// Faults break the API on purpose, for clients of the proxy only. Safe for concurrent use.
type Faults struct {
	history *history.Log
	watches *watches
	gate    *gate

	mu     sync.Mutex
	random *rand.Rand
	rules  []*matcher
}

func newFaults(seed int64, log *history.Log, watches *watches, gate *gate) *Faults {
	return &Faults{history: log, watches: watches, gate: gate, random: rand.New(rand.NewPCG(uint64(seed), 0x6661756c74))}
}

// Add sets a rule. Rules are tried in the order in which they were added; the latencies of all that match add up, and
// the first of the others that matches decides.
func (f *Faults) Add(rule Rule) error {
	compiled, err := compile(rule)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(rule.Name)
	f.rules = append(f.rules, compiled)
	f.note("added rule " + rule.Name)
	return nil
}

// Remove ends a rule and tells whether there was one.
func (f *Faults) Remove(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.remove(name) {
		return false
	}
	f.note("removed rule " + name)
	return true
}

func (f *Faults) remove(name string) bool {
	for i, rule := range f.rules {
		if rule.Name == name {
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
			return true
		}
	}
	return false
}

// Clear ends all rules and lets connections through again.
func (f *Faults) Clear() {
	f.mu.Lock()
	f.rules = nil
	f.mu.Unlock()
	f.gate.set(Open)
	f.note("cleared")
}

// Hits tells how many requests a rule has hit.
func (f *Faults) Hits(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		if rule.Name == name {
			return rule.hits
		}
	}
	return 0
}

// DropWatches ends every open watch of a resource now, or of all with an empty name, and returns how many.
func (f *Faults) DropWatches(resource string) int {
	dropped := f.watches.drop(resource)
	f.note("dropped watches of " + resource)
	return dropped
}

// Connections sets what happens to connections: Open, Refused or Cut. Connections that are open are ended unless it is
// Open. The proxy keeps its address.
func (f *Faults) Connections(state ConnectionState) {
	f.gate.set(state)
	f.note("connections " + string(state))
}

func (f *Faults) note(detail string) {
	f.history.Record(history.Event{Kind: history.Fault, Detail: "API: " + detail})
}

// verdict is what happens to one request.
type verdict struct {
	latency []*matcher
	rule    *matcher
}

// judge finds the rules that hit a request.
func (f *Faults) judge(request Request) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found verdict
	for _, rule := range f.rules {
		plain := rule.Latency > 0 && !rule.hasEffect()
		if !plain && found.rule != nil || rule.spent() || !rule.matches(request) {
			continue
		}
		if rule.Probability > 0 && f.random.Float64() >= rule.Probability {
			continue
		}
		rule.hits++
		if rule.Latency > 0 {
			found.latency = append(found.latency, rule)
		}
		if !plain {
			found.rule = rule
		}
	}
	return found
}

func (m *matcher) hasEffect() bool {
	return m.Status != 0 || m.Denial != "" || m.Reset || m.Lost || m.Stale || m.DropAfter > 0
}

// frozen returns the answer that a stale rule repeats for a request, if it has one.
func (f *Faults) frozen(rule *matcher, key string) (*answer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept, ok := rule.frozen[key]
	return kept, ok
}

// freeze keeps an answer for a stale rule, unless it has one for the request.
func (f *Faults) freeze(rule *matcher, key string, fresh *answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := rule.frozen[key]; !ok {
		rule.frozen[key] = fresh
	}
}
