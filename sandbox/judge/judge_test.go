package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

func up(name, uid, instance string) history.Event {
	return history.Event{Kind: history.MachineUp, Namespace: "n", Name: name, UID: uid, InstanceUID: instance}
}

func has(instance string, addresses ...string) history.Event {
	return history.Event{Kind: history.MachineAddresses, InstanceUID: instance, Addresses: addresses}
}

func down(instance string) history.Event {
	return history.Event{Kind: history.MachineDown, InstanceUID: instance}
}

func pool(name string, allocated map[string]string) history.Event {
	return history.Event{Kind: history.PoolChanged, Name: name, Allocated: allocated}
}

func TestJudge(t *testing.T) {
	held := map[string]string{"10.0.0.1": "n/a.caphv"}
	for name, test := range map[string]struct {
		events []history.Event
		gone   bool
		want   []judge.Rule
	}{
		"a whole life": {
			events: []history.Event{pool("p", held), up("a", "u1", "i1"), has("i1", "10.0.0.1"), down("i1"), pool("p", nil)},
			gone:   true,
		},
		"a restart keeps the machine": {
			events: []history.Event{up("a", "u1", "i1"), has("i1", "10.0.0.1"), down("i1"), up("a", "u1", "i2"), has("i2", "10.0.0.1")},
		},
		"an address on two live machines": {
			events: []history.Event{up("a", "u1", "i1"), has("i1", "10.0.0.1"), up("b", "u2", "i2"), has("i2", "10.0.0.2", "10.0.0.1")},
			want:   []judge.Rule{judge.OneMachineAnAddress},
		},
		"a machine made twice": {
			events: []history.Event{up("a", "u1", "i1"), down("i1"), up("a", "u2", "i2")},
			want:   []judge.Rule{judge.MadeOnce},
		},
		"two addresses in two pools": {
			events: []history.Event{pool("p", held), pool("q", map[string]string{"10.1.0.1": "n/a.caphv"})},
			want:   []judge.Rule{judge.OneAddressAnOwner},
		},
		"given back too early": {
			events: []history.Event{pool("p", held), up("a", "u1", "i1"), has("i1", "10.0.0.1"), pool("p", nil), down("i1")},
			want:   []judge.Rule{judge.KeptWhileInUse},
		},
		"given away": {
			events: []history.Event{pool("p", held), up("a", "u1", "i1"), has("i1", "10.0.0.1"), pool("p", map[string]string{"10.0.0.1": "n/b.caphv"})},
			want:   []judge.Rule{judge.KeptWhileInUse},
		},
		"left at the end": {
			events: []history.Event{pool("p", held), up("a", "u1", "i1")},
			gone:   true,
			want:   []judge.Rule{judge.NothingLeft, judge.NothingLeft},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var rules []judge.Rule
			for _, finding := range judge.Judge(test.events, test.gone) {
				rules = append(rules, finding.Rule)
			}
			assert.Equal(t, test.want, rules)
		})
	}
}

func TestAFindingNamesWhatAndWhen(t *testing.T) {
	event := up("a", "u2", "i2")
	event.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	findings := judge.Judge([]history.Event{up("a", "u1", "i1"), event}, false)
	assert.Len(t, findings, 1)
	assert.Equal(t, "made-once: n/a was made again: first u1, then u2 (03:04:05)", findings[0].String())
}
