package harvesterclient

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Connections keeps one Connection for each identity: a Secret that holds a kubeconfig. It is safe for concurrent use, and
// no call of it ever waits for a Harvester other than the caller's own.
//
// Get works from the start. Start closes idle connections while it runs and all connections when it ends, so run it, or
// let a controller-runtime manager run it.
type Connections struct {
	opts   Options
	scheme *runtime.Scheme

	root    context.Context //nolint:containedctx // the lifetime of all connections
	cancel  context.CancelFunc
	closing sync.WaitGroup // connections that are being stopped

	mu            sync.Mutex
	stopped       bool
	links         map[client.ObjectKey]*link
	subscriptions map[*subscription]struct{}
}

// link is what is there for one identity. Guarded by Connections.mu.
type link struct {
	// current feeds the sources. next is there after a rotation, until it is proven and takes over; it feeds them too.
	current, next *Connection
	lastUsed      time.Time
	// announced is true once the link was announced as idle.
	announced bool
}

// connections are the one or two of a link.
func (l *link) connections() []*Connection {
	if l.next == nil {
		return []*Connection{l.current}
	}

	return []*Connection{l.current, l.next}
}

// errStopped is what is answered after Start has ended.
var errStopped = errors.New("connections are closed")

// NewConnections returns an empty set of connections.
func NewConnections(opts Options) *Connections {
	root, cancel := context.WithCancel(context.Background())

	return &Connections{
		opts: opts.withDefaults(), scheme: ownScheme(),
		root: root, cancel: cancel,
		links: map[client.ObjectKey]*link{}, subscriptions: map[*subscription]struct{}{},
	}
}

// Get returns the connection of an identity Secret, given what the Secret holds now. The same content gives the same
// connection. Other content opens a new one, which takes over from the old one once it works; until then the old one goes
// on feeding the sources, and Get speaks for the new one only.
//
// The first call for a content waits until Harvester answers and the caches are filled, at most ConnectTimeout and
// SyncTimeout. While a Harvester is away, Get answers at once with the reason, whose kind is ErrUnauthorized,
// ErrInvalidKubeconfig, ErrNotReady or ErrTransient and for which RetryAfter tells when the next attempt is due; ConnectionEvents
// tells when it is back. A kubeconfig that cannot be used is ErrInvalidKubeconfig.
func (c *Connections) Get(ctx context.Context, key client.ObjectKey, kubeconfig []byte) (*Connection, error) {
	return c.GetSelected(ctx, key, kubeconfig, nil)
}

// GetSelected is Get for an identity whose users need less than Options.Selector lets pass: its connection watches and
// caches what the given selector matches, so that many identities on one Harvester do not each hold the machines of all.
// Nil means Options.Selector. Another selector is like other content: a new connection opens and takes over once it works.
func (c *Connections) GetSelected(ctx context.Context, key client.ObjectKey, kubeconfig []byte, selector labels.Selector) (*Connection, error) {
	connection, err := c.lookup(key, kubeconfig, selector)
	if err != nil {
		return nil, err
	}

	err = connection.await(ctx, c.opts)

	return connection, err
}

// lookup finds or makes the connection for a content. It makes no request.
func (c *Connections) lookup(key client.ObjectKey, kubeconfig []byte, selector labels.Selector) (*Connection, error) {
	opts := c.opts
	if selector != nil {
		opts.Selector = selector
	}
	digest := digestOf(kubeconfig, opts.Selector)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, failf(ErrTransient, "identity %s: %w", key, errStopped)
	}
	l := c.links[key]
	if l != nil {
		l.lastUsed, l.announced = c.opts.Clock.Now(), false
		switch {
		case l.current.digest == digest:
			c.dropNext(l) // rolled back before it was proven
			return l.current, nil
		case l.next != nil && l.next.digest == digest:
			return l.next, nil
		}
	}

	return c.open(key, l, kubeconfig, opts)
}

// digestOf tells contents apart. A kubeconfig holds no zero byte, so the two parts cannot run into each other.
func digestOf(kubeconfig []byte, selector labels.Selector) [sha256.Size]byte {
	return sha256.Sum256(append(append(slices.Clone(kubeconfig), 0), selector.String()...))
}

// open makes a connection and starts it.
func (c *Connections) open(key client.ObjectKey, l *link, kubeconfig []byte, opts Options) (*Connection, error) {
	connection, err := newConnection(key, kubeconfig, opts, c.stateChanged)
	if err != nil {
		return nil, identityError(key, err)
	}
	for s := range c.subscriptions {
		if err := connection.attach(s); err != nil {
			return nil, err
		}
	}
	if l == nil {
		c.links[key] = &link{current: connection, lastUsed: c.opts.Clock.Now()}
	} else {
		c.dropNext(l)
		l.next = connection
	}
	connection.start(c.root)
	c.closing.Go(func() { c.takeOver(connection) })

	return connection, nil
}

// dropNext gives up an unproven connection.
func (c *Connections) dropNext(l *link) {
	if l.next != nil {
		c.retire(l.next)
		l.next = nil
	}
}

// retire stops a connection in the background, for what it is doing may take a while to notice.
func (c *Connections) retire(connection *Connection) {
	connection.cancel()
	c.closing.Go(connection.stop)
}

// Close closes the connection of an identity, if there is one. Call it when the last user of the identity is gone.
func (c *Connections) Close(key client.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.links[key]; l != nil {
		c.remove(key, l)
	}
}

// IdentityState is the state of one identity's connection.
type IdentityState struct {
	Identity client.ObjectKey
	State    ConnectionState
	// Err says why it is disconnected.
	Err error
}

// States tells the state of every connection, in no particular order.
func (c *Connections) States() []IdentityState {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]IdentityState, 0, len(c.links))
	for key, l := range c.links {
		newest := l.current
		if l.next != nil {
			newest = l.next
		}
		state, _, _, err := newest.health.snapshot()
		states = append(states, IdentityState{Identity: key, State: state, Err: err})
	}

	return states
}

func (c *Connections) isCached(gvk schema.GroupVersionKind) bool {
	for object := range cachedKinds(c.opts.Selector) {
		if kinds, _, err := c.scheme.ObjectKinds(object); err == nil && kinds[0] == gvk {
			return true
		}
	}

	return false
}
