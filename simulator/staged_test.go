package simulator_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/lightguest"
)

// stage is where tests find the guests that were booted, by <namespace>/<name>.
var stage struct {
	sync.Mutex
	guests map[string]*stagedGuest
	// extra are further addresses that a machine's agent is to report.
	extra map[string][]guestapi.GuestAddress
	// refuse are machines that cannot be powered on.
	refuse map[string]error
	// hold are machines that go off when the channel is closed, and not before.
	hold map[string]chan struct{}
}

// stagedGuests are light guests that tests can look at and break.
type stagedGuests struct{ light lightguest.Guests }

type stagedGuest struct {
	guestapi.Guest
	boot guestapi.VMBoot
	key  string
}

func (g stagedGuests) Boot(ctx context.Context, boot guestapi.VMBoot) (guestapi.Guest, error) {
	key := boot.Namespace + "/" + boot.Name
	stage.Lock()
	defer stage.Unlock()
	if err := stage.refuse[key]; err != nil {
		return nil, err
	}
	light, err := g.light.Boot(ctx, boot)
	if err != nil {
		return nil, err
	}
	guest := &stagedGuest{Guest: light, boot: boot, key: key}
	if stage.guests == nil {
		stage.guests = map[string]*stagedGuest{}
	}
	stage.guests[key] = guest
	return guest, nil
}

// holdOn keeps a machine from going off until release is called or the test ends, whatever the simulator's patience.
func holdOn(t *testing.T, key string) (release func()) {
	t.Helper()
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	stage.Lock()
	defer stage.Unlock()
	if stage.hold == nil {
		stage.hold = map[string]chan struct{}{}
	}
	stage.hold[key] = held
	return release
}

func (g *stagedGuest) Stop(ctx context.Context, graceful bool) error {
	stage.Lock()
	held := stage.hold[g.key]
	stage.Unlock()
	if held != nil {
		<-held
	}
	return g.Guest.Stop(ctx, graceful)
}

func (g *stagedGuest) Addresses() []guestapi.GuestAddress {
	addresses := g.Guest.Addresses()
	if len(addresses) == 0 {
		return nil
	}
	stage.Lock()
	defer stage.Unlock()
	return append(addresses[:len(addresses):len(addresses)], stage.extra[g.key]...)
}

// bootOf is how a machine was booted last.
func bootOf(key string) (guestapi.VMBoot, bool) {
	stage.Lock()
	defer stage.Unlock()
	guest, ok := stage.guests[key]
	if !ok {
		return guestapi.VMBoot{}, false
	}
	return guest.boot, true
}

// dataPath remembers what the announcer programs.
type dataPath struct {
	mu        sync.Mutex
	balancers map[string]programmed
}

type programmed struct {
	vip       netip.Addr
	listeners []loadbalancer.Listener
}

func (d *dataPath) Set(name string, vip netip.Addr, listeners []loadbalancer.Listener) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.balancers == nil {
		d.balancers = map[string]programmed{}
	}
	d.balancers[name] = programmed{vip, listeners}
	return nil
}

func (d *dataPath) Remove(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.balancers, name)
}

func (d *dataPath) of(name string) (programmed, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.balancers[name]
	return found, ok
}
