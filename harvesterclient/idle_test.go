package harvesterclient

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// idleRig holds connections whose clock stands until it is moved.
type idleRig struct {
	*Connections

	clock      *clocktesting.FakeClock
	proxy      *faultProxy
	kubeconfig []byte

	mu        sync.Mutex
	announced map[client.ObjectKey]time.Time
}

const idleAfter = 1000 * time.Hour

// newIdleRig makes connections of which those that are wanted are asked for again whenever they are announced.
func newIdleRig(t *testing.T, wanted client.ObjectKey) *idleRig {
	t.Helper()
	server := serverFor(t)
	namespace := server.namespace(t)
	rig := &idleRig{
		clock: clocktesting.NewFakeClock(time.Unix(1<<30, 0)), proxy: newFaultProxy(t, server),
		announced: map[client.ObjectKey]time.Time{},
	}
	rig.kubeconfig = rig.proxy.kubeconfig(t, server.account(t, namespace, "a").token)
	rig.Connections = newTestConnections(t, func(o *Options) {
		o.Clock, o.IdleTimeout, o.ConnectTimeout, o.SyncTimeout = rig.clock, idleAfter, time.Hour, time.Hour
	})
	record(t, rig.ConnectionEvents(toSelf).Start, func(key client.ObjectKey) {
		rig.mu.Lock()
		rig.announced[key] = rig.clock.Now()
		rig.mu.Unlock()
		if key == wanted {
			_, err := rig.Get(context.Background(), key, rig.kubeconfig)
			assert.NoError(t, err)
		}
	})

	return rig
}

// open opens a connection. A cache that is being filled is looked at now and then, so the clock has to go on meanwhile.
func (r *idleRig) open(t *testing.T, key client.ObjectKey) {
	t.Helper()
	got := make(chan error, 1)
	go func() {
		_, err := r.Get(t.Context(), key, r.kubeconfig)
		got <- err
	}()
	var err error
	eventually(t, "it opens", func() bool {
		select {
		case err = <-got:
			return true
		default:
			r.clock.Step(fillInterval)
			return false
		}
	})
	require.NoError(t, err)
}

// announcedNow is true when a connection was announced since the clock was moved.
func (r *idleRig) announcedNow(key client.ObjectKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()

	return r.announced[key].Equal(r.clock.Now())
}

// used tells when someone asked for a connection, and whether it is there at all.
func (r *idleRig) used(key client.ObjectKey) (time.Time, bool) {
	r.Connections.mu.Lock()
	defer r.Connections.mu.Unlock()
	l := r.links[key]
	if l == nil {
		return time.Time{}, false
	}

	return l.lastUsed, true
}

func TestIdleConnectionsClose(t *testing.T) {
	t.Parallel()
	wanted, unwanted := identity("wanted"), identity("unwanted")
	rig := newIdleRig(t, wanted)
	rig.open(t, wanted)
	rig.open(t, unwanted)
	require.Len(t, rig.States(), 2)
	assert.Equal(t, 10, rig.proxy.watches())

	rig.clock.Step(idleAfter)
	eventually(t, "both are announced before anything is closed", func() bool { return rig.announcedNow(wanted) && rig.announcedNow(unwanted) })
	_, there := rig.used(unwanted)
	assert.True(t, there)
	eventually(t, "who needs it asks again", func() bool {
		last, there := rig.used(wanted)
		return there && last.Equal(rig.clock.Now())
	})

	rig.clock.Step(idleAfter / 4)
	eventually(t, "what no one asks for is closed", func() bool {
		_, there := rig.used(unwanted)
		return !there
	})
	eventually(t, "with its watches", func() bool { return rig.proxy.watches() == 5 })
	states := rig.States()
	require.Len(t, states, 1)
	assert.Equal(t, IdentityState{Identity: wanted, State: StateConnected}, states[0])
}
