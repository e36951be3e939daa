package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Plan is what happens in one fault run: several lives at once, and faults that meet all of them. The same seed gives the
// same plan.
type Plan struct {
	// Seed it was made from.
	Seed int64
	// Lives are the clusters, each with its own steps.
	Lives []Life
	// Strikes are the faults in the order of their time; the last one mends what can be mended.
	Strikes []Strike
	// Twin has a second manager work beside the first all the time, without leader election.
	Twin bool
}

// Life is one cluster's: it is made with a number of machines, takes the steps, and is deleted.
type Life struct {
	Name     string
	Machines int
	// Start is when it begins, from the start of the run.
	Start time.Duration
	// Steps change the number of machines; a step that keeps it replaces one.
	Steps []int
	// Picks choose which machine is replaced, by step.
	Picks []uint32
	// Impatient deletes the cluster without waiting for its last step to be done.
	Impatient bool
}

// Strike is one fault.
type Strike struct {
	// At is when it happens, from the start of the run.
	At time.Duration
	// Fault is a name that Sandbox.Break knows.
	Fault string
	// Target is its argument. For a fault of a machine it is empty: Pick chooses among those that run then.
	Target string
	Pick   uint32
}

// menu are the faults that a plan may hold, with their targets. Those that stay until they are mended are mended by the
// plan's end at the latest.
var menu = []struct {
	fault   string
	targets []string
}{
	{"manager", nil},
	{"harvester-errors", []string{"", "virtualmachines", "ippools", "secrets"}},
	{"harvester-conflicts", []string{"", "ippools", "virtualmachines"}},
	{"harvester-throttles", []string{"", "virtualmachines"}},
	{"harvester-slow", []string{"ippools", "secrets", "virtualmachines"}},
	{"harvester-lost", []string{"", "virtualmachines", "secrets"}},
	{"harvester-watches", []string{"", "virtualmachines", "virtualmachineinstances"}},
	{"harvester-denies", []string{"virtualmachines", "ippools"}},
	{"harvester-down", nil},
	{"harvester-cut", nil},
	{"harvester-token", nil},
	{"vm-crash", nil},
	{"vm-no-agent", nil},
	{"vm-migrate", nil},
}

// NewPlan makes the plan of a seed, for that many lives. Pure.
func NewPlan(seed int64, lives int) Plan {
	random := rand.New(rand.NewPCG(uint64(seed), 0xca9))
	plan := Plan{Seed: seed, Twin: random.IntN(4) == 0}
	for i := range lives {
		plan.Lives = append(plan.Lives, newLife(random, fmt.Sprintf("run-%d-%d", seed, i)))
	}
	at := time.Duration(0)
	for range 4 + random.IntN(6) {
		at += time.Duration(500+random.IntN(4500)) * time.Millisecond
		plan.Strikes = append(plan.Strikes, newStrike(random, at))
		if random.IntN(2) == 0 { // some faults last until the end, some are mended before
			at += time.Duration(500+random.IntN(3000)) * time.Millisecond
			plan.Strikes = append(plan.Strikes, Strike{At: at, Fault: "harvester-up"})
		}
	}
	at += time.Second
	plan.Strikes = append(plan.Strikes, Strike{At: at, Fault: "harvester-up"}, Strike{At: at, Fault: "vm-agent"})
	return plan
}

func newLife(random *rand.Rand, name string) Life {
	life := Life{
		Name: name, Machines: 1 + random.IntN(3), Start: time.Duration(random.IntN(3000)) * time.Millisecond, Impatient: random.IntN(4) == 0,
	}
	for range 1 + random.IntN(2) {
		life.Steps = append(life.Steps, 1+random.IntN(4))
		life.Picks = append(life.Picks, random.Uint32())
	}
	return life
}

func newStrike(random *rand.Rand, at time.Duration) Strike {
	item := menu[random.IntN(len(menu))]
	strike := Strike{At: at, Fault: item.fault, Pick: random.Uint32()}
	if len(item.targets) > 0 {
		strike.Target = item.targets[random.IntN(len(item.targets))]
	}
	return strike
}
