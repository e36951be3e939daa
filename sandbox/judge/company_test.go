package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/judge"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

const id = "infrastructure.cluster.x-k8s.io/cluster-id"

func behind(cluster string, machines map[string]string) history.Event {
	event := history.Event{Kind: history.BackendsChanged, Namespace: "n", Name: "lb", Labels: map[string]string{id: cluster}, Backends: map[string]map[string]string{}}
	for name, of := range machines {
		event.Backends[name] = map[string]string{id: of}
	}
	return event
}

func wrote(verb, resource, name, uid string, code int, volumes ...string) history.Event {
	return history.Event{Kind: history.Write, Verb: verb, Resource: resource, Namespace: "n", Name: name, UID: uid, Code: code, Volumes: volumes}
}

func removing(name, uid string, volumes ...string) history.Event {
	event := wrote("patch", vms, name, uid, 200)
	event.RemovedVolumes = volumes
	return event
}

const (
	vms    = "virtualmachines.kubevirt.io"
	claims = "persistentvolumeclaims"
)

func TestJudgeInCompany(t *testing.T) {
	for name, test := range map[string]struct {
		events []history.Event
		want   []judge.Rule
	}{
		"backends of its own":          {events: []history.Event{behind("a", map[string]string{"m1": "a", "m2": "a"})}},
		"backends of before the ids":   {events: []history.Event{behind("a", map[string]string{"m1": ""}), behind("", map[string]string{"m1": "a"})}},
		"a backend of another cluster": {events: []history.Event{behind("a", map[string]string{"m1": "a", "m2": "b"})}, want: []judge.Rule{judge.OwnBackends}},
		"volumes of its own": {events: []history.Event{
			wrote("create", vms, "m", "u", 201, "m-disk-0"), wrote("create", claims, "extra", "p", 201),
			wrote("delete", claims, "m-disk-0", "q", 200), wrote("delete", claims, "extra", "p", 200),
		}},
		"volumes of an adopted VM":     {events: []history.Event{wrote("patch", vms, "m", "u", 200, "m-disk-0"), wrote("delete", claims, "m-disk-0", "q", 200)}},
		"a deletion that was refused":  {events: []history.Event{wrote("delete", claims, "other", "q", 409)}},
		"a volume of someone else's":   {events: []history.Event{wrote("delete", claims, "other", "q", 200)}, want: []judge.Rule{judge.OwnVolumes}},
		"a VM that was never made":     {events: []history.Event{wrote("create", vms, "m", "", 500, "d"), wrote("delete", claims, "d", "q", 200)}, want: []judge.Rule{judge.OwnVolumes}},
		"the volumes of a namespace":   {events: []history.Event{wrote("deletecollection", claims, "", "", 200)}, want: []judge.Rule{judge.OwnVolumes}},
		"a DataVolume of someone else": {events: []history.Event{wrote("delete", "datavolumes.cdi.kubevirt.io", "other", "q", 200)}, want: []judge.Rule{judge.OwnVolumes}},
		"a volume that a user added later": {
			events: []history.Event{
				wrote("create", vms, "m", "u", 201, "m-disk-0"), wrote("patch", vms, "m", "u", 200, "m-disk-0", "users"), wrote("delete", claims, "users", "q", 200),
			},
			want: []judge.Rule{judge.OwnVolumes},
		},
		"volumes that go with the VM": {events: []history.Event{wrote("create", vms, "m", "u", 201, "d"), removing("m", "u", "d")}},
		"a user's volume that goes with the VM": {
			events: []history.Event{wrote("create", vms, "m", "u", 201, "d"), removing("m", "u", "d", "users")}, want: []judge.Rule{judge.OwnVolumes},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, rules(test.events)) })
	}
}

func at(version string, event history.Event) history.Event {
	event.ResourceVersion = version
	return event
}

func TestAPoolThatLostItsStatus(t *testing.T) {
	held := map[string]string{"10.0.0.1": "n/a.caphv", "10.0.0.2": "n/b.caphv"}
	lost := history.Event{Kind: history.Fault, Resource: "ippools", Name: "p", ResourceVersion: "20"}
	running := []history.Event{at("10", pool("p", held)), up("a", "u1", "i1"), has("i1", "10.0.0.1")}
	for name, test := range map[string]struct {
		then []history.Event
		want []judge.Rule
	}{
		"by a fault is no release":            {then: []history.Event{at("20", pool("p", nil)), lost, at("21", pool("p", held))}},
		"seen late, with new entries":         {then: []history.Event{lost, at("22", pool("p", map[string]string{"10.0.0.9": "n/c.caphv"}))}},
		"given away":                          {then: []history.Event{at("20", pool("p", nil)), lost, at("21", pool("p", map[string]string{"10.0.0.1": "n/c.caphv"}))}, want: []judge.Rule{judge.KeptWhileInUse}},
		"given away in one look":              {then: []history.Event{lost, at("21", pool("p", map[string]string{"10.0.0.1": "n/c.caphv"}))}, want: []judge.Rule{judge.KeptWhileInUse}},
		"given back afterwards":               {then: []history.Event{at("20", pool("p", nil)), lost, at("21", pool("p", held)), at("22", pool("p", nil))}, want: []judge.Rule{judge.KeptWhileInUse}},
		"an address whose machine went since": {then: []history.Event{at("20", pool("p", nil)), lost, down("i1"), at("21", pool("p", map[string]string{"10.0.0.1": "n/c.caphv"}))}},
		"by no fault":                         {then: []history.Event{at("20", pool("p", nil))}, want: []judge.Rule{judge.KeptWhileInUse}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, rules(append(append([]history.Event{}, running...), test.then...)))
		})
	}
}

func TestAStormOfRequests(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	requests := func(count int, within time.Duration) (events []history.Event) {
		for i := range count {
			event := history.Event{Kind: history.ReadRequest, Verb: "get", Resource: "ippools", Name: "p"}
			if i%2 == 0 {
				event.Kind, event.Verb = history.Write, "update"
			}
			event.Time = start.Add(within * time.Duration(i) / time.Duration(count))
			events = append(events, event)
		}
		return events
	}
	machine := func(kind history.Kind, at time.Time) history.Event {
		return history.Event{Kind: kind, Namespace: "n", Name: "m", UID: "u", Time: at}
	}
	calm, storm := requests(600, time.Minute), requests(1362, 5*time.Second)
	assert.Empty(t, rules(calm))
	assert.Equal(t, []judge.Rule{judge.NoStorm}, rules(storm), "a storm is found once")
	assert.Empty(t, rules(requests(5000, 10*time.Minute)), "requests of another minute do not count")

	busy := append([]history.Event{machine(history.MachineUp, start.Add(-time.Hour))}, requests(700, time.Minute)...)
	assert.Empty(t, rules(busy), "a machine may cost some")
	gone := append([]history.Event{machine(history.MachineGone, start.Add(-2*time.Minute))}, requests(700, time.Minute)...)
	assert.Equal(t, []judge.Rule{judge.NoStorm}, rules(gone), "one that is gone costs nothing")
}

func rules(events []history.Event) (found []judge.Rule) {
	for _, finding := range judge.Judge(events, false) {
		found = append(found, finding.Rule)
	}
	return found
}
