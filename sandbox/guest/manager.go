package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/disk"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

var (
	_ guestapi.Guests    = (*Manager)(nil)
	_ guestapi.Forgetter = (*Manager)(nil)
)

// Manager boots machines and keeps their disks. Safe for concurrent use.
type Manager struct {
	options Options
	// light is the shared cluster of light mode; nil otherwise.
	light *lightCluster
	// peers lies between the etcd members; nil without Options.PeerLinks.
	peers *peerNetwork

	mu sync.Mutex
	// machines by the UID of their VM; one that is off stays until its disk goes.
	machines map[string]*machine
	closed   bool
}

// NewManager returns a manager of no machines yet. Close ends it.
func NewManager(options Options) (*Manager, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidOptions, err)
	}
	m := &Manager{options: options, machines: map[string]*machine{}}
	if options.PeerLinks {
		m.peers = newPeerNetwork(m.ownerOfSocket)
	}
	if options.Light != nil {
		client, err := kubernetes.NewForConfig(options.Light)
		if err != nil {
			return nil, fmt.Errorf("%w: Light: %w", ErrInvalidOptions, err)
		}
		m.light = startLightCluster(client, options)
	}
	return m, nil
}

// Boot powers a machine on. A machine of that instance that runs already is
// returned as it is; an older instance of the same VM loses its power first.
func (m *Manager) Boot(ctx context.Context, boot guestapi.VMBoot) (guestapi.Guest, error) {
	if boot.UID == "" || strings.ContainsAny(boot.UID, "/\\.") {
		return nil, fmt.Errorf("booting %s/%s: %w: %q is no UID", boot.Namespace, boot.Name, ErrInvalidOptions, boot.UID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	if before := m.machines[boot.UID]; before != nil && before.running() {
		if before.boot.InstanceUID == boot.InstanceUID {
			return before, nil
		}
		if err := before.Stop(ctx, false); err != nil {
			return nil, err
		}
	}
	root, err := disk.Open(m.diskDir(boot.UID))
	if err != nil {
		return nil, fmt.Errorf("booting %s/%s: %w", boot.Namespace, boot.Name, err)
	}
	powered := powerOn(m, boot, root)
	m.machines[boot.UID] = powered
	return powered, nil
}

func (m *Manager) diskDir(uid string) string { return filepath.Join(m.options.Dir, uid) }

// Forget cuts the machine's power if it is on and drops its disk.
func (m *Manager) Forget(vmUID string) {
	m.mu.Lock()
	gone := m.machines[vmUID]
	delete(m.machines, vmUID)
	m.mu.Unlock()
	if gone == nil {
		return
	}
	if err := gone.Stop(context.Background(), false); err != nil {
		m.options.Logf("%s: %v", gone, err)
	}
	if err := os.RemoveAll(m.diskDir(vmUID)); err != nil {
		m.options.Logf("%s: dropping its disk: %v", gone, err)
	}
}

// Close cuts the power of all machines and boots none any more. Disks stay.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	var failures []error
	var stopping sync.WaitGroup
	var collect sync.Mutex
	for _, powered := range m.running(nil) {
		stopping.Go(func() {
			if err := powered.Stop(ctx, false); err != nil {
				collect.Lock()
				defer collect.Unlock()
				failures = append(failures, err)
			}
		})
	}
	stopping.Wait()
	if m.light != nil {
		m.light.stop()
	}
	return errors.Join(failures...)
}

// running returns the machines that are on and that the filter, if any, keeps.
func (m *Manager) running(keep func(*machine) bool) []*machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []*machine
	for _, candidate := range m.machines {
		if candidate.running() && (keep == nil || keep(candidate)) {
			found = append(found, candidate)
		}
	}
	return found
}

// machine finds a running machine by its VM's name.
func (m *Manager) machine(namespace, name string) (*machine, error) {
	found := m.running(func(c *machine) bool { return c.boot.Namespace == namespace && c.boot.Name == name })
	if len(found) == 0 {
		return nil, fmt.Errorf("%s/%s: %w", namespace, name, ErrUnknownMachine)
	}
	return found[0], nil
}
