package kubevirt

import (
	"context"
	"net"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// PowerState is what is known of what runs inside an instance.
type PowerState string

// The power states.
const (
	// Off: never switched on, as far as this process knows.
	Off PowerState = "off"
	// Booting: the guest is being powered on.
	Booting PowerState = "booting"
	// On: it is powered on.
	On PowerState = "on"
	// BootFailed: it could not be powered on.
	BootFailed PowerState = "boot failed"
	// Crashed: it went off by itself, not in order.
	Crashed PowerState = "crashed"
	// ShutDown: it shut itself down in order.
	ShutDown PowerState = "shut down"
	// Stopped: it is off because it was told to.
	Stopped PowerState = "stopped"
)

const (
	// watchInterval is how often guests are asked for their addresses; asking costs nothing.
	watchInterval = 100 * time.Millisecond
	bootTimeout   = 2 * time.Minute
	stopTimeout   = 30 * time.Second
)

// View is what Power knows of an instance.
type View struct {
	State PowerState
	// Addresses is what the guest agent reports now.
	Addresses []guestapi.GuestAddress
	// Reported tells that there was ever a report in this process.
	Reported bool
	// Since is when the guest was powered on.
	Since time.Time
}

// Power owns the guests: it boots and stops them, notices when they go off or report other addresses, and then wakes
// the instance's controller through Events. Safe for concurrent use; Start must run.
type Power struct {
	guests  guestapi.Guests
	clock   clock.PassiveClock
	history *history.Log
	log     logr.Logger
	events  chan event.GenericEvent
	ended   chan struct{}

	mu       sync.Mutex
	machines map[types.UID]*machine
	working  sync.WaitGroup
}

// machine is one powered instance.
type machine struct {
	boot      guestapi.VMBoot
	state     PowerState
	guest     guestapi.Guest
	addresses []guestapi.GuestAddress
	reported  bool
	since     time.Time
	// wanted is false once it was told to stop.
	wanted, graceful bool
	// rebooting means that the guest is to be booted again when it is off.
	rebooting bool
	// line is the guest's end of the serial line that somebody has, nil before anybody had it.
	line net.Conn
	// exit, if set, is what the next end of the guest counts as: faults end guests in other guises.
	exit PowerState
}

// NewPower returns a Power that runs the given guests.
func NewPower(guests guestapi.Guests, clock clock.PassiveClock, history *history.Log, log logr.Logger) *Power {
	return &Power{
		guests: guests, clock: clock, history: history, log: log,
		events: make(chan event.GenericEvent, 256), ended: make(chan struct{}), machines: map[types.UID]*machine{},
	}
}

// Events name instances about which something changed.
func (p *Power) Events() <-chan event.GenericEvent { return p.events }

// Start watches the guests until the context ends, then powers all of them off and returns.
func (p *Power) Start(ctx context.Context) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			close(p.ended)
			p.stopAll()
			p.working.Wait()
			return nil
		case <-ticker.C:
			p.look()
		}
	}
}

// On powers an instance on unless that was done already. It returns at once.
func (p *Power) On(boot guestapi.VMBoot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	uid := types.UID(boot.InstanceUID)
	if _, known := p.machines[uid]; known {
		return
	}
	m := &machine{boot: boot, state: Booting, wanted: true}
	p.machines[uid] = m
	p.working.Go(func() { p.boot(m) })
}

// boot runs one guest from power-on until it is off.
func (p *Power) boot(m *machine) {
	ctx, cancel := context.WithTimeout(context.Background(), bootTimeout)
	guest, err := p.guests.Boot(ctx, m.boot)
	cancel()
	p.mu.Lock()
	if err != nil {
		m.state = BootFailed
		p.mu.Unlock()
		p.log.Error(err, "guest could not be powered on", "vm", m.boot.Namespace+"/"+m.boot.Name)
		p.wake(m)
		return
	}
	m.guest, m.state, m.since = guest, On, p.clock.Now()
	wanted, graceful := m.wanted, m.graceful
	p.mu.Unlock()
	p.note(history.MachineUp, m, nil)
	if !wanted {
		p.stop(guest, graceful)
	}
	p.wake(m)
	<-guest.Done()
	if p.again(m) {
		p.boot(m)
		return
	}
	p.end(m)
}

// again tells whether a guest that went off is to be booted anew, and prepares that.
func (p *Power) again(m *machine) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !m.rebooting || !m.wanted {
		return false
	}
	m.rebooting, m.state, m.addresses = false, Booting, nil
	return true
}

// end notes that a guest is off, and why.
func (p *Power) end(m *machine) {
	p.mu.Lock()
	clean := false
	if self, ok := m.guest.(guestapi.SelfStopper); ok {
		clean = self.ExitedCleanly()
	}
	switch {
	case m.exit != "":
		m.state = m.exit
	case !m.wanted:
		m.state = Stopped
	case clean:
		m.state = ShutDown
	default:
		m.state = Crashed
	}
	m.addresses = nil
	state := m.state
	p.mu.Unlock()
	p.history.Record(history.Event{Kind: history.MachineDown, Namespace: m.boot.Namespace, Name: m.boot.Name, UID: m.boot.UID, InstanceUID: m.boot.InstanceUID, Detail: string(state)})
	p.wake(m)
}

// Look tells what is known of an instance.
func (p *Power) Look(uid types.UID) View {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.machines[uid]
	if !ok {
		return View{State: Off}
	}
	return View{State: m.state, Addresses: slices.Clone(m.addresses), Reported: m.reported, Since: m.since}
}

// Off tells an instance to stop and returns true once it is off. It does not wait; its controller is woken.
func (p *Power) Off(uid types.UID, graceful bool) bool {
	return p.finish(uid, graceful, "")
}

// finish ends a guest; exit is what that counts as, empty for a stop that was asked for.
func (p *Power) finish(uid types.UID, graceful bool, exit PowerState) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.machines[uid]
	if !ok {
		return true
	}
	switch m.state {
	case Booting, On:
	default:
		return true
	}
	// A second call may cut short what the first one asked for in order.
	harder := !m.wanted && m.graceful && !graceful
	if !m.wanted && !harder {
		return false
	}
	m.wanted, m.graceful = false, graceful
	if exit != "" {
		m.exit = exit
	}
	if m.guest != nil {
		guest := m.guest
		p.working.Go(func() { p.stop(guest, graceful) })
	}
	return false
}

func (p *Power) stop(guest guestapi.Guest, graceful bool) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := guest.Stop(ctx, graceful); err != nil {
		p.log.Error(err, "guest did not stop")
	}
}

// Reboot stops the guest of an instance in order and boots it again; the instance itself runs on.
func (p *Power) Reboot(uid types.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.machines[uid]
	if !ok || m.state != On || !m.wanted {
		return
	}
	m.rebooting = true
	guest := m.guest
	p.working.Go(func() { p.stop(guest, true) })
}

// Forget drops an instance that is off.
func (p *Power) Forget(uid types.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.machines, uid)
}

// ForgetVM drops what guests keep for a VM that is gone.
func (p *Power) ForgetVM(uid types.UID) {
	if keeper, ok := p.guests.(guestapi.Forgetter); ok {
		keeper.Forget(string(uid))
	}
}

// look asks every guest for its addresses and wakes the controllers of those whose answer changed.
func (p *Power) look() {
	var changed []*machine
	p.mu.Lock()
	for _, m := range p.machines {
		if m.state != On {
			continue
		}
		addresses := m.guest.Addresses()
		if len(addresses) == len(m.addresses) && (len(addresses) == 0 || reflect.DeepEqual(addresses, m.addresses)) {
			continue
		}
		m.addresses, m.reported = addresses, true
		changed = append(changed, m)
	}
	p.mu.Unlock()
	for _, m := range changed {
		p.wake(m)
	}
}

func (p *Power) stopAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.machines {
		m.wanted, m.graceful = false, false
		if m.state == On {
			guest := m.guest
			p.working.Go(func() { p.stop(guest, false) })
		}
	}
}

// wake tells the instance's controller to look again.
func (p *Power) wake(m *machine) {
	p.wakeName(types.NamespacedName{Namespace: m.boot.Namespace, Name: m.boot.Name})
}

func (p *Power) wakeName(name types.NamespacedName) {
	vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
	select {
	case p.events <- event.GenericEvent{Object: vmi}:
	case <-p.ended:
	}
}

func (p *Power) note(kind history.Kind, m *machine, addresses []string) {
	p.history.Record(history.Event{
		Kind: kind, Namespace: m.boot.Namespace, Name: m.boot.Name, UID: m.boot.UID, InstanceUID: m.boot.InstanceUID, Addresses: addresses,
	})
}
