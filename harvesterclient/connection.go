package harvesterclient

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Connection is one identity's connection to one Harvester. It is shared by all who use the identity and safe for
// concurrent use. Do not keep it: ask Connections.Get each time, which tells when the Harvester is away and
// follows a rotated identity.
type Connection struct {
	key    client.ObjectKey
	digest [sha256.Size]byte
	config *rest.Config

	transport *http.Transport
	sockets   *sockets
	patience  time.Duration // how long requests may go on after the end
	client    client.Client
	watcher   client.WithWatch // the same, unbounded and unclassified
	power     *Power
	caches    *caches
	health    *health
	follows   follows

	ctx     context.Context //nolint:containedctx // the lifetime of the connection
	cancel  context.CancelFunc
	running sync.WaitGroup
	// filled is closed when every cache was filled, or refused, for the first time.
	filled chan struct{}

	subscriptions map[*subscription]func() // guarded by Connections.mu; the value detaches
}

// newConnection prepares a connection. It makes no request, so it is quick and fails only for a bad kubeconfig.
func newConnection(key client.ObjectKey, kubeconfig []byte, opts Options, onChange func(*Connection, ConnectionState, error)) (*Connection, error) {
	config, err := RESTConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.UserAgent = opts.UserAgent
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(opts.QPS, opts.Burst)
	server, err := parseServer(config.Host)
	if err != nil {
		return nil, err
	}
	c := &Connection{
		key: key, digest: digestOf(kubeconfig, opts.Selector), config: config,
		patience: opts.RequestTimeout, filled: make(chan struct{}), subscriptions: map[*subscription]func(){},
	}
	if c.transport, c.sockets, err = newTransport(config, opts.ConnectTimeout); err != nil {
		return nil, err
	}
	own := clientConfig(config, c.observe(server, opts))
	httpClient, err := rest.HTTPClientFor(own)
	if err != nil {
		return nil, failf(ErrInvalidKubeconfig, "kubeconfig: %w", err)
	}
	httpClient.CheckRedirect = sameServer
	c.health = newHealth(opts, probeServer(httpClient, config.Host, opts.ConnectTimeout),
		func(state ConnectionState, err error) { onChange(c, state, err) })

	err = c.build(own, httpClient, opts)

	return c, err
}

// observe wraps the transport. The health check is made later, hence the closure.
func (c *Connection) observe(server *url.URL, opts Options) http.RoundTripper {
	return &observedTransport{
		next: c.transport, prefix: server.Path, count: opts.CountCall,
		suspect: func() { c.health.doubt() },
	}
}

func (c *Connection) build(config *rest.Config, httpClient *http.Client, opts Options) error {
	scheme := ownScheme()
	mapper, err := newMapper(config, httpClient)
	if err != nil {
		return err
	}
	direct, err := client.NewWithWatch(config, client.Options{HTTPClient: httpClient, Scheme: scheme, Mapper: mapper})
	if err != nil {
		return fmt.Errorf("prepare client: %w", err)
	}
	c.watcher = direct
	c.client = &classifyingClient{Client: direct, timeout: opts.RequestTimeout}
	if c.power, err = NewPower(config, httpClient); err != nil {
		return err
	}
	c.power.stream = c.config // a WebSocket needs the credentials themselves, not a transport that has them
	c.caches, err = newCaches(config, httpClient, scheme, mapper, opts.Selector, c.health.wait)

	return err
}

// start sets probing and watching going.
func (c *Connection) start(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	c.ctx, c.cancel = ctx, cancel
	c.running.Go(func() { c.health.run(ctx) })
	c.running.Go(func() {
		// It ends with the context and never before, so its error says nothing.
		_ = c.caches.cache.Start(ctx)
	})
	c.running.Go(func() { c.awaitFilled(ctx) })
}

// fillInterval is how often a filling cache is looked at. Informers do not say when they are refused.
const fillInterval = 50 * time.Millisecond

func (c *Connection) awaitFilled(ctx context.Context) {
	for !c.caches.settled() {
		if !c.health.sleep(ctx, fillInterval) {
			return
		}
	}
	close(c.filled)
}

// gone is closed when the connection was told to stop.
func (c *Connection) gone() <-chan struct{} { return c.ctx.Done() }

// AfterClose calls a function, in a goroutine of its own, once the connection has been closed: it was replaced by one with
// other credentials, or no one needs it any more. If it is closed already, that is at once.
func (c *Connection) AfterClose(call func()) { context.AfterFunc(c.ctx, call) }

// stop ends everything and waits for it. Requests that are under way may end: whoever makes them could not know.
func (c *Connection) stop() {
	c.cancel()
	c.running.Wait()
	c.follows.stop()
	c.sockets.drain(c.transport.CloseIdleConnections, c.patience)
}

// Client reads from and writes to Harvester directly. Requests are counted, limited in rate and time, and their
// errors classified. It refuses to update virtual machines and claims: patch them.
func (c *Connection) Client() client.Client { return c.client }

// Cache reads VirtualMachines, VirtualMachineInstances, LoadBalancers, PersistentVolumeClaims (those the selector of Options
// matches) and IPPools (all) from memory. A read never waits: while a kind's cache is not filled it gives ErrNotReady, or the error that keeps it
// from filling. Objects come without managed fields; machines and instances without annotations longer than 1 KiB
// (volumeClaimTemplates stays), instances without their spec, claims with nothing but their metadata without annotations.
// Any other kind gives ErrInvalid.
//
// An IPPool must not be changed from here: read it with Client first, as others write to it too.
func (c *Connection) Cache() client.Reader { return c.caches }

// Power switches virtual machines on and off.
func (c *Connection) Power() *Power { return c.power }

// RESTConfig is a copy of the configuration, for clients of the caller's own. What they do is neither counted nor limited.
func (c *Connection) RESTConfig() *rest.Config {
	config := rest.CopyConfig(c.config)
	config.RateLimiter = nil

	return config
}

// ServerVersion reads Harvester's version, anew each time, for it changes while the connection stands.
func (c *Connection) ServerVersion(ctx context.Context) (Version, error) {
	return ReadServerVersion(ctx, c.client)
}

// Identity is the Secret the connection was made for.
func (c *Connection) Identity() client.ObjectKey { return c.key }
