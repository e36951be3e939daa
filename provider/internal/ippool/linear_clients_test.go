package ippool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
)

const (
	// checkedPool is the pool of the check, and firstSlot its first address.
	checkedPool = "linear"
	firstSlot   = "10.77.0.2"
	// machines are the owners that our clients share among them; ids above are load balancers.
	machines = 8
)

func ownerName(owner int) string {
	if owner > machines {
		return fmt.Sprintf("ns/lb-%d", owner)
	}
	return fmt.Sprintf("ns/vm-%d.caphv", owner)
}

func slotOf(addr netip.Addr) int {
	return int(addr.As4()[3]) - int(netip.MustParseAddr(firstSlot).As4()[3])
}

func addressOf(slot int) netip.Addr {
	addr := netip.MustParseAddr(firstSlot)
	for range slot {
		addr = addr.Next()
	}
	return addr
}

// faults makes a client answer three in ten writes with a conflict, and lose the answer of some writes that it made.
func faults(inner client.WithWatch, random *rand.Rand) client.Client {
	var writes atomic.Int64
	conflicts := make([]bool, 10_000)
	for i := range conflicts {
		conflicts[i] = random.IntN(10) < 3
	}
	return interceptor.NewClient(inner, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.UpdateOption) error {
			n := writes.Add(1)
			if conflicts[int(n)%len(conflicts)] {
				return apierrors.NewConflict(schema.GroupResource{Resource: "ippools"}, object.GetName(), errors.New("injected"))
			}
			if err := c.Update(ctx, object, options...); err != nil || n%16 != 0 {
				return err
			}
			return errors.New("the connection was lost behind the write")
		},
	})
}

// machineClient asks for and gives back addresses as a machine's reconciles do, the given number of times. It reports
// each operation twice: when it is called, without an answer, and when it has ended.
type machineClient struct {
	allocator *ipam.Allocator
	random    *rand.Rand
	report    func(id int, e event)
}

func (m machineClient) run(ctx context.Context, times int) {
	known := map[int]int{}
	for id := range times {
		asked := call{Verb: allocate, Owner: 1 + m.random.IntN(machines)}
		if slot, holds := known[asked.Owner]; holds && m.random.IntN(2) == 0 {
			asked.Verb, asked.Slot = release, slot
			if m.random.IntN(5) == 0 { // It names an address that is not the owner's.
				asked.Slot = m.random.IntN(slots)
			}
		}
		e := event{Call: asked, Answer: answer{Unknown: true}, From: time.Now().UnixNano()}
		m.report(id, e)
		got, happened := m.ask(ctx, asked)
		if !happened {
			e.Call.Verb = ""
		}
		e.Answer, e.Til = got, time.Now().UnixNano()
		m.report(id, e)
		switch {
		case got.Unknown || got.Refused:
		case asked.Verb == release:
			delete(known, asked.Owner)
		default:
			known[asked.Owner] = got.Slot
		}
	}
}

// ask tells in happened whether the operation has any place in the history: one that gave up has none.
func (m machineClient) ask(ctx context.Context, asked call) (got answer, happened bool) {
	var err error
	if asked.Verb == release {
		err = m.allocator.Release(ctx, checkedPool, addressOf(asked.Slot), ownerName(asked.Owner))
	} else {
		var lease ipam.Lease
		lease, err = m.allocator.Allocate(ctx, ipam.Request{Owner: ownerName(asked.Owner), Pools: []string{checkedPool}})
		if err == nil {
			got.Slot = slotOf(lease.Address)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, ipam.ErrExhausted), errors.Is(err, ipam.ErrNotOwner):
		got.Refused = true
	case errors.Is(err, ipam.ErrConflict):
		return got, false
	default:
		got.Unknown = true
	}
	return got, true
}

// loadBalancers plays Harvester's controller: its order of allocation, its counters by one more and one less, and a
// plain write of the object that it read.
type loadBalancers struct {
	client client.Client
	random *rand.Rand
	report func(id int, e event)
}

func (l loadBalancers) run(ctx context.Context, times int) {
	for id := range times {
		owner := machines + 1 + l.random.IntN(2)
		for {
			e := event{Call: call{Verb: allocate, Owner: owner}, From: time.Now().UnixNano()}
			pool := &lbv1.IPPool{}
			if l.client.Get(ctx, client.ObjectKey{Name: checkedPool}, pool) != nil {
				return
			}
			write := l.decide(pool, &e)
			if write && l.client.Update(ctx, pool) != nil {
				continue // A conflict: nothing happened, and it looks again.
			}
			e.Til = time.Now().UnixNano()
			l.report(id, e)
			break
		}
	}
}

func (l loadBalancers) decide(pool *lbv1.IPPool, e *event) (write bool) {
	status, name := &pool.Status, ownerName(e.Call.Owner)
	for text, holder := range status.Allocated {
		if holder == name {
			e.Call.Verb, e.Call.Slot = release, slotOf(netip.MustParseAddr(text))
			delete(status.Allocated, text)
			if status.AllocatedHistory == nil {
				status.AllocatedHistory = map[string]string{}
			}
			status.AllocatedHistory[text] = name
			status.Available++
			return true
		}
	}
	begin := 0
	if last, err := netip.ParseAddr(status.LastAllocated); err == nil {
		begin = slotOf(last) + 1
	}
	for text, former := range status.AllocatedHistory {
		if former == name {
			begin = slotOf(netip.MustParseAddr(text))
		}
	}
	for i := range slots {
		slot := (begin + i) % slots
		text := addressOf(slot).String()
		if _, taken := status.Allocated[text]; taken {
			continue
		}
		delete(status.AllocatedHistory, text)
		if status.Allocated == nil {
			status.Allocated = map[string]string{}
		}
		status.Allocated[text], status.LastAllocated = name, text
		status.Available--
		e.Answer.Slot = slot
		return true
	}
	e.Answer.Refused = true
	return false
}

// line is how a process that will be killed tells what it does.
type line struct {
	Client, ID int
	Event      event
}

// work is a manager in a process of its own, which runs until it is killed. What it is about to do has left the process
// before it does it.
func work(ctx context.Context, c client.Client, seed uint64, out io.Writer) {
	allocator := ipam.NewAllocator(ippool.NewStore(c))
	encoder := json.NewEncoder(out)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range 2 {
		m := machineClient{allocator: allocator, random: rand.New(rand.NewPCG(seed, uint64(i))), report: func(id int, e event) {
			mu.Lock()
			defer mu.Unlock()
			if err := encoder.Encode(line{i, id, e}); err != nil {
				os.Exit(1)
			}
		}}
		wait.Go(func() { m.run(ctx, 1<<30) })
	}
	wait.Wait()
}
