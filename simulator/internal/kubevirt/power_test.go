package kubevirt

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// scripted guests do what a test tells them.
type scripted struct {
	mu     sync.Mutex
	boots  int
	refuse error
	last   *scriptedGuest
}

type scriptedGuest struct {
	mu        sync.Mutex
	addresses []guestapi.GuestAddress
	done      chan struct{}
	once      sync.Once
	graceful  []bool
	clean     bool
}

func (s *scripted) Boot(context.Context, guestapi.VMBoot) (guestapi.Guest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.boots++
	if s.refuse != nil {
		return nil, s.refuse
	}
	s.last = &scriptedGuest{done: make(chan struct{})}
	return s.last, nil
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.boots
}

func (s *scripted) guest() *scriptedGuest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (g *scriptedGuest) Addresses() []guestapi.GuestAddress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addresses
}

func (g *scriptedGuest) report(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addresses = []guestapi.GuestAddress{{NIC: "nic-0", IPs: []netip.Addr{netip.MustParseAddr(address)}}}
}

func (g *scriptedGuest) Stop(_ context.Context, graceful bool) error {
	g.mu.Lock()
	g.graceful = append(g.graceful, graceful)
	g.mu.Unlock()
	g.end()
	return nil
}

func (g *scriptedGuest) end()                  { g.once.Do(func() { close(g.done) }) }
func (g *scriptedGuest) Done() <-chan struct{} { return g.done }
func (g *scriptedGuest) ExitedCleanly() bool   { return g.clean }

// powered runs a Power until the test ends, with its events drained.
func powered(t *testing.T, guests guestapi.Guests) *Power {
	t.Helper()
	power := NewPower(guests, clock.RealClock{}, nil, logr.Discard())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		assert.NoError(t, power.Start(ctx))
	}()
	go func() {
		for {
			select {
			case <-power.Events():
			case <-ended:
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return power
}

const uid = types.UID("vmi-1")

func waitState(t *testing.T, power *Power, want PowerState) {
	t.Helper()
	require.Eventually(t, func() bool { return power.Look(uid).State == want }, time.Minute, 5*time.Millisecond, "never %s", want)
}

func TestPowerBootsOnceAndReportsAddresses(t *testing.T) {
	guests := &scripted{}
	power := powered(t, guests)
	assert.Equal(t, View{State: Off}, power.Look(uid))
	power.On(guestapi.VMBoot{InstanceUID: string(uid)})
	power.On(guestapi.VMBoot{InstanceUID: string(uid)})
	waitState(t, power, On)
	assert.Equal(t, 1, guests.count())
	assert.False(t, power.Look(uid).Reported)
	guests.guest().report("127.50.1.10")
	require.Eventually(t, func() bool { return power.Look(uid).Reported }, time.Minute, 5*time.Millisecond)
	assert.Len(t, power.Look(uid).Addresses, 1)
}

func TestPowerTellsHowAGuestEnded(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*Power, *scriptedGuest)
		want PowerState
	}{
		"a crash":            {func(_ *Power, guest *scriptedGuest) { guest.end() }, Crashed},
		"a shutdown":         {func(_ *Power, guest *scriptedGuest) { guest.clean = true; guest.end() }, ShutDown},
		"a stop":             {func(power *Power, _ *scriptedGuest) { power.Off(uid, true) }, Stopped},
		"a crash on purpose": {func(power *Power, _ *scriptedGuest) { power.finish(uid, false, Crashed) }, Crashed},
	} {
		t.Run(name, func(t *testing.T) {
			guests := &scripted{}
			power := powered(t, guests)
			power.On(guestapi.VMBoot{InstanceUID: string(uid)})
			waitState(t, power, On)
			test.end(power, guests.guest())
			waitState(t, power, test.want)
			assert.True(t, power.Off(uid, true), "it is off already")
			power.Forget(uid)
			assert.Equal(t, Off, power.Look(uid).State)
		})
	}
}

func TestPowerNotesABootThatFails(t *testing.T) {
	power := powered(t, &scripted{refuse: errors.New("no room")})
	power.On(guestapi.VMBoot{InstanceUID: string(uid)})
	waitState(t, power, BootFailed)
	assert.True(t, power.Off(uid, true))
}

func TestPowerRebootsAGuest(t *testing.T) {
	guests := &scripted{}
	power := powered(t, guests)
	power.On(guestapi.VMBoot{InstanceUID: string(uid)})
	waitState(t, power, On)
	first := guests.guest()
	power.Reboot(uid)
	require.Eventually(t, func() bool { return guests.count() == 2 && power.Look(uid).State == On }, time.Minute, 5*time.Millisecond)
	assert.Equal(t, []bool{true}, first.graceful)
}

func TestPowerStopsEverythingAtItsEnd(t *testing.T) {
	guests := &scripted{}
	power := NewPower(guests, clock.RealClock{}, nil, logr.Discard())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- power.Start(ctx) }()
	power.On(guestapi.VMBoot{InstanceUID: string(uid)})
	waitState(t, power, On)
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, []bool{false}, guests.guest().graceful)
}
