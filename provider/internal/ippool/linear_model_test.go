package ippool_test

import (
	"math"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slots is how many addresses the pool of the check has: few, so that it is full most of the time.
const slots = 6

// accounts says who holds each address; zero is nobody. It is what the pool should be, whoever writes it.
type accounts [slots]int

func (a accounts) held(owner int) int {
	for slot, holder := range a {
		if holder == owner {
			return slot
		}
	}
	return -1
}

func (a accounts) with(slot, owner int) accounts {
	a[slot] = owner
	return a
}

// verb is what a client asks for.
type verb string

const (
	allocate verb = "allocate"
	release  verb = "release"
	inspect  verb = "inspect"
)

// call is an operation as it was asked for; Slot is what a release names.
type call struct {
	Verb  verb
	Owner int
	Slot  int
}

// answer is how an operation ended. One that nobody saw end, because its process was killed or the answer lost, is
// Unknown: it may have happened, or not, or may yet.
type answer struct {
	Unknown  bool
	Refused  bool
	Slot     int
	Accounts accounts
}

// event is one operation of a history, in nanoseconds of the machine's clock.
type event struct {
	Call      call
	Answer    answer
	From, Til int64
}

// poolModel is what ipam promises about one pool, in terms of single steps: an owner has at most one address, an address
// at most one owner, a refusal is true, and only its owner's release frees an address.
func poolModel() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{accounts{}} },
		Step: func(state, input, output any) []any {
			var next []any
			for _, s := range step(state.(accounts), input.(call), output.(answer)) {
				next = append(next, s)
			}
			return next
		},
	}
	return model.ToModel()
}

func step(now accounts, asked call, got answer) []accounts {
	switch asked.Verb {
	case allocate:
		return allocated(now, asked, got)
	case release:
		return released(now, asked, got)
	case inspect:
		if now == got.Accounts {
			return []accounts{now}
		}
	}
	return nil
}

func allocated(now accounts, asked call, got answer) []accounts {
	held := now.held(asked.Owner)
	switch {
	case got.Unknown && held >= 0:
		return []accounts{now}
	case got.Unknown:
		next := []accounts{now}
		for slot, holder := range now {
			if holder == 0 {
				next = append(next, now.with(slot, asked.Owner))
			}
		}
		return next
	case got.Refused && held < 0 && now.held(0) < 0:
		return []accounts{now}
	case got.Refused:
		return nil
	case held == got.Slot:
		return []accounts{now}
	case held < 0 && now[got.Slot] == 0:
		return []accounts{now.with(got.Slot, asked.Owner)}
	}
	return nil
}

func released(now accounts, asked call, got answer) []accounts {
	holder := now[asked.Slot]
	switch {
	case holder == 0 && !got.Refused:
		return []accounts{now}
	case holder == 0:
		return nil
	case holder != asked.Owner && (got.Refused || got.Unknown):
		return []accounts{now}
	case holder == asked.Owner && got.Unknown:
		return []accounts{now, now.with(asked.Slot, 0)}
	case holder == asked.Owner && !got.Refused:
		return []accounts{now.with(asked.Slot, 0)}
	}
	return nil
}

func check(history []event) porcupine.CheckResult {
	operations := make([]porcupine.Operation, 0, len(history))
	for _, e := range history {
		til := e.Til
		if e.Answer.Unknown {
			til = math.MaxInt64
		}
		operations = append(operations, porcupine.Operation{Input: e.Call, Output: e.Answer, Call: e.From, Return: til})
	}
	return porcupine.CheckOperationsTimeout(poolModel(), operations, 2*time.Minute)
}

// The check must be able to say no.
func TestCheckSeesWhatIsWrong(t *testing.T) {
	take := func(owner, slot int, from, til int64) event {
		return event{Call: call{Verb: allocate, Owner: owner}, Answer: answer{Slot: slot}, From: from, Til: til}
	}
	give := func(owner, slot int, from, til int64) event {
		return event{Call: call{Verb: release, Owner: owner, Slot: slot}, From: from, Til: til}
	}
	lost := take(1, 0, 0, 10)
	lost.Answer = answer{Unknown: true}
	full := event{Call: call{Verb: allocate, Owner: 2}, Answer: answer{Refused: true}, From: 20, Til: 30}
	for name, test := range map[string]struct {
		history []event
		want    porcupine.CheckResult
	}{
		"one after the other":                   {[]event{take(1, 0, 0, 10), give(1, 0, 20, 30), take(2, 0, 40, 50)}, porcupine.Ok},
		"two owners of one address":             {[]event{take(1, 0, 0, 10), take(2, 0, 20, 30)}, porcupine.Illegal},
		"two addresses of one owner":            {[]event{take(1, 0, 0, 10), take(1, 1, 20, 30)}, porcupine.Illegal},
		"given while the release is under way":  {[]event{take(1, 0, 0, 10), give(1, 0, 20, 50), take(2, 0, 25, 30)}, porcupine.Ok},
		"released by another":                   {[]event{take(1, 0, 0, 10), give(2, 0, 20, 30)}, porcupine.Illegal},
		"full, it said, and it was not":         {[]event{take(1, 0, 0, 10), full}, porcupine.Illegal},
		"an answer was lost and the step taken": {[]event{lost, give(1, 0, 20, 30), take(2, 0, 40, 50)}, porcupine.Ok},
	} {
		assert.Equal(t, test.want, check(test.history), name)
	}
	require.Empty(t, step(accounts{1}, call{Verb: inspect}, answer{Accounts: accounts{2}}))
}
