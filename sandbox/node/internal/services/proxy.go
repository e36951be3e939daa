package services

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
)

// dialTimeout of an endpoint. Endpoints are on this machine.
const dialTimeout = 3 * time.Second

// Proxy passes connections to Services on.
type Proxy struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	logf     func(format string, arguments ...any)

	mu        sync.Mutex
	targets   map[string][]string
	listeners map[string]net.Listener
}

// Run proxies until ctx ends. It needs the cluster's addresses to be the machine's own.
func Run(ctx context.Context, client kubernetes.Interface, logf func(format string, arguments ...any)) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	services, slices := factory.Core().V1().Services(), factory.Discovery().V1().EndpointSlices()
	p := &Proxy{services: services.Lister(), slices: slices.Lister(), logf: logf, listeners: map[string]net.Listener{}}
	changed := make(chan struct{}, 1)
	kick := func() {
		select {
		case changed <- struct{}{}:
		default: // a look at everything is due already
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { kick() }, UpdateFunc: func(any, any) { kick() }, DeleteFunc: func(any) { kick() }}
	for _, informer := range []cache.SharedIndexInformer{services.Informer(), slices.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watching Services: %w", err)
		}
	}
	factory.Start(ctx.Done())
	defer p.close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			p.sync()
		}
	}
}

// sync listens on what is planned, and on nothing else.
func (p *Proxy) sync() {
	services, errServices := p.services.List(labels.Everything())
	slices, errSlices := p.slices.List(labels.Everything())
	if err := errors.Join(errServices, errSlices); err != nil {
		p.logf("listing Services: %v", err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = plan(services, slices)
	for address, listener := range p.listeners {
		if _, wanted := p.targets[address]; !wanted {
			_ = listener.Close()
			delete(p.listeners, address)
		}
	}
	for address := range p.targets {
		if p.listeners[address] != nil {
			continue
		}
		listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
		if err != nil {
			p.logf("listening for a Service: %v", err)
			continue
		}
		p.listeners[address] = listener
		go p.serve(listener, address)
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, listener := range p.listeners {
		_ = listener.Close()
	}
}

// serve accepts connections until the listener is closed.
func (p *Proxy) serve(listener net.Listener, address string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go p.pass(connection, address)
	}
}

// pass copies both ways until both sides have ended.
func (p *Proxy) pass(connection net.Conn, address string) {
	target, ok := p.pick(address)
	if !ok {
		_ = connection.Close()
		return
	}
	endpoint, err := net.DialTimeout("tcp", target, dialTimeout) //nolint:noctx // bounded by its timeout
	if err != nil {
		p.logf("Service at %s: %v", address, err)
		_ = connection.Close()
		return
	}
	loadbalancer.Relay(connection, endpoint)
}

// pick one of the endpoints.
func (p *Proxy) pick(address string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	targets := p.targets[address]
	if len(targets) == 0 {
		return "", false
	}
	return targets[rand.IntN(len(targets))], true
}
