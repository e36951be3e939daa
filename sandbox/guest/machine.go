package guest

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/disk"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

var _ guestapi.Guest = (*machine)(nil)

// machine is one machine from power-on to power-off.
type machine struct {
	manager *Manager
	boot    guestapi.VMBoot
	disk    *disk.Disk

	// powerOff ends everything that runs; why says in which manner.
	powerOff context.CancelFunc
	graceful atomic.Bool
	done     chan struct{}

	mu sync.Mutex
	// addresses are what the guest agent reports; nil until it answers.
	addresses []guestapi.GuestAddress
	// silent is the fault of an agent that has stopped answering.
	silent bool
	// node is set while the machine plays one.
	node *node
	// said is when each line was last logged.
	said map[string]time.Time
}

// repeatAfter is how long a machine does not repeat a line.
const repeatAfter = 30 * time.Second

// powerOn starts a machine and returns at once.
func powerOn(manager *Manager, boot guestapi.VMBoot, root *disk.Disk) *machine {
	// The machine's life is its own: it ends by Stop, not with its caller.
	ctx, cancel := context.WithCancel(context.Background())
	m := &machine{manager: manager, boot: boot, disk: root, powerOff: cancel, done: make(chan struct{}), said: map[string]time.Time{}}
	go func() {
		defer close(m.done)
		defer cancel()
		m.run(ctx)
		m.setAddresses(nil)
	}()
	return m
}

// run is the machine's life: boot, set up, network, node, off.
func (m *machine) run(ctx context.Context) {
	if !m.sleep(ctx, m.manager.options.BootDelay) {
		return
	}
	system, err := m.setUp()
	if err != nil {
		// As a real machine does: it boots all the same, with less than was asked.
		m.logf("cloud-init: %v", err)
	}
	address, up := m.bringUpNetwork(ctx, system)
	if !up {
		return
	}
	m.logf("booted, address %s", address)
	m.runNode(ctx, system, address)
	<-ctx.Done()
}

// runNode plays the node that the system starts, until the machine is off.
func (m *machine) runNode(ctx context.Context, system system, address netip.Addr) {
	played, err := newNode(m, system, address)
	if err != nil {
		m.logf("%v", err)
		return
	}
	if played == nil {
		return // a machine that starts no RKE2 is just a machine
	}
	m.mu.Lock()
	m.node = played
	m.mu.Unlock()
	played.run(ctx)
	m.mu.Lock()
	m.node = nil
	m.mu.Unlock()
}

// Addresses implements guestapi.Guest.
func (m *machine) Addresses() []guestapi.GuestAddress {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent {
		return nil
	}
	return slices.Clone(m.addresses)
}

func (m *machine) setAddresses(addresses []guestapi.GuestAddress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addresses = addresses
}

// Stop implements guestapi.Guest. Stopping a machine that is off does nothing.
func (m *machine) Stop(ctx context.Context, graceful bool) error {
	if graceful {
		m.graceful.Store(true)
	}
	m.powerOff()
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
	}
	// Out of time: cut the power of what is still shutting down.
	m.graceful.Store(false)
	if played := m.currentNode(); played != nil {
		played.kill()
	}
	<-m.done
	return nil
}

// Done implements guestapi.Guest.
func (m *machine) Done() <-chan struct{} { return m.done }

func (m *machine) running() bool {
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

func (m *machine) currentNode() *node {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.node
}

// String names the machine in logs.
func (m *machine) String() string { return fmt.Sprintf("vm %s/%s", m.boot.Namespace, m.boot.Name) }

// logf says what a machine does or fails at. Much is retried several times a
// second: the same line is not said again for a while.
func (m *machine) logf(format string, args ...any) {
	line := fmt.Sprintf("%s: %s", m, fmt.Sprintf(format, args...))
	now := m.manager.options.Clock.Now()
	m.mu.Lock()
	last, repeated := m.said[line]
	repeated = repeated && now.Sub(last) < repeatAfter
	if !repeated {
		maps.DeleteFunc(m.said, func(_ string, at time.Time) bool { return now.Sub(at) >= repeatAfter })
		m.said[line] = now
	}
	m.mu.Unlock()
	if !repeated {
		m.manager.options.Logf("%s", line)
	}
}
