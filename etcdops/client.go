package etcdops

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"
)

const defaultRequestTimeout = 5 * time.Second

// DialFunc opens one connection to an etcd server. addr is the host and port of the endpoint.
type DialFunc func(ctx context.Context, addr string) (net.Conn, error)

// Config says how to reach an etcd cluster.
type Config struct {
	// TLS is how to prove who we are and whom we trust; see ClientCertificate. Nil means no TLS.
	TLS *tls.Config
	// Dialer opens the connections, for example through PortForwardDialer or RouteByHost. Nil means plain TCP.
	Dialer DialFunc
	// Endpoints are URLs, at least one, in the order in which they are asked. Members that answer on none of them are
	// tried by the client URLs they advertise, through the same Dialer.
	Endpoints []string
	// RequestTimeout bounds each single request. 0 means 5 s.
	RequestTimeout time.Duration
}

// Client observes one etcd cluster and changes its membership, over connections (Dial) or by etcdctl inside its pods
// (DialExec). It is safe for concurrent use. Close it when done.
type Client struct {
	endpoints []string
	timeout   time.Duration
	// open makes the door to one endpoint.
	open func(endpoint string) (door, error)
	// advertised says that members may also be asked at the URLs they advertise.
	advertised bool

	mu     sync.Mutex
	closed bool
	doors  map[string]door // by endpoint
}

// Dial makes a client. It checks the configuration and connects to nothing yet: the first request does, and reports
// what went wrong. Errors are ErrInvalidConfig. ctx is only consulted for having ended already.
func Dial(ctx context.Context, config Config) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(config.Endpoints) == 0 {
		return nil, fmt.Errorf("%w: no endpoint given", ErrInvalidConfig)
	}
	for _, endpoint := range config.Endpoints {
		if u, err := url.Parse(endpoint); err != nil || u.Hostname() == "" || u.Port() == "" {
			return nil, fmt.Errorf("%w: endpoint %q is not a URL like https://10.0.0.1:2379", ErrInvalidConfig, endpoint)
		}
	}
	if config.RequestTimeout <= 0 {
		config.RequestTimeout = defaultRequestTimeout
	}
	if config.Dialer == nil {
		config.Dialer = dialTCP
	}
	return &Client{
		endpoints: slices.Clone(config.Endpoints), timeout: config.RequestTimeout, advertised: true,
		open: func(endpoint string) (door, error) { return newServer(endpoint, config) }, doors: map[string]door{},
	}, nil
}

// Close ends all connections. Calls in flight fail. Closing twice is fine.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var errs []error
	for endpoint, d := range c.doors {
		if err := d.close(); err != nil && !errors.Is(err, context.Canceled) {
			errs = append(errs, fmt.Errorf("close the connection to %s: %w", endpoint, err))
		}
	}
	clear(c.doors)
	return errors.Join(errs...)
}

// door returns the door to one endpoint, making it when it is asked for the first time.
func (c *Client) door(endpoint string) (door, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fmt.Errorf("%w: the client is closed", ErrInvalidConfig)
	}
	if d, ok := c.doors[endpoint]; ok {
		return d, nil
	}
	d, err := c.open(endpoint)
	if err != nil {
		return nil, err
	}
	c.doors[endpoint] = d
	return d, nil
}

// try asks the endpoints one after the other until one answers, and returns the last failure when none does.
func (c *Client) try(ctx context.Context, endpoints []string, request func(context.Context, door) error) error {
	var failure error
	for _, endpoint := range endpoints {
		failure = c.call(ctx, endpoint, request)
		if failure == nil || ctx.Err() != nil || isVerdict(failure) {
			return failure
		}
	}
	return failure
}

// call makes one request with its timeout and translates its error.
func (c *Client) call(ctx context.Context, endpoint string, request func(context.Context, door) error) error {
	d, err := c.door(endpoint)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := request(ctx, d); err != nil {
		return fmt.Errorf("etcd at %s: %w", endpoint, translate(err))
	}
	return nil
}

func dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// RouteByHost returns a dialer that picks another dialer by the host of the address, for endpoints that are names of
// pods: RouteByHost(map[string]DialFunc{"etcd-node-a": PortForwardDialer(...)}) serves https://etcd-node-a:2379.
// An unknown host is an error.
func RouteByHost(routes map[string]DialFunc) DialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, fmt.Errorf("route to etcd at %q: %w", addr, err)
		}
		dial, ok := routes[host]
		if !ok {
			return nil, fmt.Errorf("no route to etcd host %q", host)
		}
		return dial(ctx, addr)
	}
}
