// Package apiproxy stands in front of the simulator's apiserver as the one way in for the client under test. It passes
// requests on with the client's own credentials, so that authentication and authorisation are the apiserver's, and on
// the way it breaks them on demand (Faults), counts them (Counts), notes writes in the history, and serves KubeVirt's
// subresources, which need an aggregated apiserver in reality.
//
// Proxy is the main type. It refuses plain HTTP and, with a path prefix, every path outside of it.
package apiproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// Options configure a Proxy.
type Options struct {
	// Target is the apiserver; only its address and CA are used.
	Target *rest.Config
	// Dir keeps the certificate and the address over restarts.
	Dir string
	// Address is host:port to listen on; empty means the one of the last run, or a free port of 127.0.0.1.
	Address string
	// PathPrefix is put before every path, such as /k8s/clusters/c-m-test; empty means none.
	PathPrefix string
	// Seed makes the chances of faults repeatable.
	Seed int64
	// History takes note of writes; nil notes nothing.
	History *history.Log
	// Subresources answer for KubeVirt.
	Subresources http.Handler
	// Log takes what goes wrong.
	Log logr.Logger
}

// Proxy is running from Start to Close. Safe for concurrent use.
type Proxy struct {
	options Options
	prefix  string
	faults  *Faults
	counts  *Counts
	watches *watches
	gate    *gate
	server  *http.Server
	ca      []byte
	plain   *httputil.ReverseProxy
	upgrade *httputil.ReverseProxy
	done    chan struct{}
}

// Start listens and serves.
func Start(options Options) (*Proxy, error) {
	identity, err := loadIdentity(options.Dir, options.Address)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	gate, err := identity.listen(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	watches := newWatches()
	p := &Proxy{
		options: options, prefix: strings.TrimSuffix(options.PathPrefix, "/"), gate: gate, ca: identity.ca, watches: watches,
		faults: newFaults(options.Seed, options.History, watches, gate), counts: &Counts{watches: watches}, done: make(chan struct{}),
	}
	if err := p.connect(); err != nil {
		return nil, errors.Join(fmt.Errorf("proxy: %w", err), gate.Close())
	}
	p.server = &http.Server{
		Handler: p, ReadHeaderTimeout: 30 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{identity.certificate}, MinVersion: tls.VersionTLS12},
		// Cut connections and refused certificates are what tests do on purpose.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(p.done)
		_ = p.server.ServeTLS(gate, "", "")
	}()
	return p, nil
}

// connect prepares the ways to the apiserver. Upgraded connections need HTTP/1.1.
func (p *Proxy) connect() error {
	target, err := url.Parse(p.options.Target.Host)
	if err != nil {
		return fmt.Errorf("target %q: %w", p.options.Target.Host, err)
	}
	tlsConfig, err := rest.TLSConfigFor(rest.AnonymousClientConfig(p.options.Target))
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	build := func(http2 bool) *httputil.ReverseProxy {
		transport := &http.Transport{
			TLSClientConfig: tlsConfig.Clone(), ForceAttemptHTTP2: http2, MaxIdleConnsPerHost: 100,
			DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		}
		return &httputil.ReverseProxy{
			Rewrite:       func(request *httputil.ProxyRequest) { request.SetURL(target); request.Out.Host = target.Host },
			Transport:     transport,
			FlushInterval: -1, // watches must not wait for a buffer to fill
			ErrorLog:      log.New(io.Discard, "", 0),
			ErrorHandler:  unreachable,
			ModifyResponse: func(response *http.Response) error {
				if route, ok := response.Request.Context().Value(routeKey{}).(*route); ok {
					return route.inspect(response)
				}
				return nil
			},
		}
	}
	p.plain, p.upgrade = build(true), build(false)
	return nil
}

// unreachable answers for an apiserver that does not, unless the client itself went away or was cut off.
func unreachable(to http.ResponseWriter, request *http.Request, err error) {
	if request.Context().Err() != nil || errors.Is(err, errLost) {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to abort a response
	}
	http.Error(to, "apiserver does not answer: "+err.Error(), http.StatusBadGateway)
}

// URL is where clients reach the proxy, with the path prefix.
func (p *Proxy) URL() string { return "https://" + p.gate.address + p.prefix }

// CABundle is the PEM certificate of the authority that signed the proxy's.
func (p *Proxy) CABundle() []byte { return p.ca }

// Faults break requests.
func (p *Proxy) Faults() *Faults { return p.faults }

// Counts count requests.
func (p *Proxy) Counts() *Counts { return p.counts }

// Close ends the proxy and all connections through it.
func (p *Proxy) Close(context.Context) error {
	p.watches.drop("")
	err := p.server.Close()
	err = errors.Join(err, p.gate.Close())
	<-p.done
	for _, way := range []*httputil.ReverseProxy{p.plain, p.upgrade} {
		if transport, ok := way.Transport.(*http.Transport); ok {
			transport.CloseIdleConnections()
		}
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close proxy: %w", err)
	}
	return nil
}

// ServeHTTP handles one request.
func (p *Proxy) ServeHTTP(to http.ResponseWriter, from *http.Request) {
	path, ok := strings.CutPrefix(from.URL.Path, p.prefix)
	if !ok || path != "" && !strings.HasPrefix(path, "/") {
		http.NotFound(to, from)
		return
	}
	from.URL.Path, from.URL.RawPath = path, ""
	request := Parse(from.Method, from.URL)
	recorder := &statusRecorder{ResponseWriter: to}
	defer func() {
		p.counts.add(Key{Verb: request.Verb, Resource: request.Resource, Code: recorder.code})
		p.noteRead(request, from, recorder.code)
	}()
	p.serve(recorder, from, request)
}

// serve applies the faults and passes the request on.
func (p *Proxy) serve(to *statusRecorder, from *http.Request, request Request) {
	verdict := p.faults.judge(request)
	for _, rule := range verdict.latency {
		select {
		case <-time.After(rule.Latency):
		case <-from.Context().Done():
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to abort a response
		}
	}
	rule := verdict.rule
	switch {
	case rule == nil:
	case rule.Reset:
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to abort a response
	case rule.Status != 0 || rule.Denial != "":
		p.refuse(to, from, request, rule)
		return
	case rule.Stale:
		if kept, ok := p.faults.frozen(rule, from.URL.String()); ok {
			kept.write(to)
			return
		}
	}
	if request.Group == subresourcesGroup {
		p.options.Subresources.ServeHTTP(to, from)
		p.noteSubresource(request, from, to.code)
		return
	}
	p.forward(to, from, &route{proxy: p, request: request, rule: rule, key: from.URL.String()})
}

// refuse answers in place of the apiserver; the request has no effect.
func (p *Proxy) refuse(to *statusRecorder, from *http.Request, request Request, rule *matcher) {
	writeStatus(to, rule.fault(request))
	if request.IsWrite() {
		p.options.History.Record(history.Event{
			Kind: history.Write, Verb: request.Verb, Resource: resourceName(request), Namespace: request.Namespace, Name: request.Name,
			Code: to.code, UserAgent: from.UserAgent(), Detail: "fault " + rule.Name,
		})
	}
}

// noteSubresource adds an operation on a machine to the history.
func (p *Proxy) noteSubresource(request Request, from *http.Request, code int) {
	if request.IsWrite() {
		p.options.History.Record(history.Event{
			Kind: history.Write, Verb: request.Verb, Resource: resourceName(request), Namespace: request.Namespace, Name: request.Name,
			Code: code, UserAgent: from.UserAgent(),
		})
	}
}

// forward passes a request on to the apiserver.
func (p *Proxy) forward(to *statusRecorder, from *http.Request, way *route) {
	ctx, cancel := context.WithCancel(context.WithValue(from.Context(), routeKey{}, way))
	defer cancel()
	if way.request.Verb == "watch" {
		defer p.watches.add(way.request.Resource, cancel)()
		if way.rule != nil && way.rule.DropAfter > 0 {
			defer time.AfterFunc(way.rule.DropAfter, cancel).Stop()
		}
	}
	if from.Header.Get("Upgrade") != "" {
		p.upgrade.ServeHTTP(to, from.WithContext(ctx))
		return
	}
	p.plain.ServeHTTP(to, from.WithContext(ctx))
}

// statusRecorder remembers the code of an answer.
type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (r *statusRecorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *statusRecorder) Write(data []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	return r.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController flush and hijack.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (k Key) String() string { return k.Verb + " " + k.Resource + " " + strconv.Itoa(k.Code) }
