package harvesterclient

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
)

// proxyPrefix is a path like that of Rancher's proxy.
const proxyPrefix = "/k8s/clusters/c-m-test"

// faultProxy stands in front of an API server, under a path prefix, and does what networks, proxies and restarts do.
type faultProxy struct {
	server *httptest.Server

	mu       sync.Mutex
	fault    func(http.ResponseWriter, *http.Request) bool // true when it has answered
	requests []string
	inFlight map[*http.Request]context.CancelFunc
}

func newFaultProxy(tb testing.TB, upstream *apiServer) *faultProxy {
	tb.Helper()
	target, err := url.Parse(upstream.config.Host)
	require.NoError(tb, err)
	if target.Host == "" {
		target, err = url.Parse("https://" + upstream.config.Host)
		require.NoError(tb, err)
	}
	target.Scheme = "https"
	transport, sockets, err := newTransport(&rest.Config{TLSClientConfig: rest.TLSClientConfig{CAData: upstream.config.CAData}}, 5*time.Second)
	require.NoError(tb, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.Transport, forward.FlushInterval = transport, -1
	forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }

	p := &faultProxy{inFlight: map[*http.Request]context.CancelFunc{}}
	p.server = httptest.NewUnstartedServer(http.StripPrefix(proxyPrefix, p.handler(forward)))
	p.server.EnableHTTP2 = true
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.StartTLS()
	tb.Cleanup(func() {
		p.drop()
		p.server.Close()
		sockets.drain(transport.CloseIdleConnections, time.Second)
	})

	return p
}

func (p *faultProxy) handler(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		r = r.WithContext(ctx)
		p.mu.Lock()
		p.requests = append(p.requests, r.Method+" "+r.URL.String())
		p.inFlight[r] = cancel
		fault := p.fault
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.inFlight, r)
		}()
		if fault == nil || !fault(w, r) {
			forward.ServeHTTP(w, r)
		}
	})
}

// set makes requests from now on suffer a fault; nil means none.
func (p *faultProxy) set(fault func(http.ResponseWriter, *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// drop cuts every request that is under way, watches above all.
func (p *faultProxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cancel := range p.inFlight {
		cancel()
	}
}

// down is a Harvester that is switched off.
func (p *faultProxy) down() {
	p.set(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	p.drop()
}

func (p *faultProxy) up() { p.set(nil) }

// answer gives every request a status code.
func answer(code int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		return true
	}
}

// only limits a fault to requests whose URL contains a text.
func only(part string, fault func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		return strings.Contains(r.URL.String(), part) && fault(w, r)
	}
}

// seen lists the requests since the last call.
func (p *faultProxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.requests
	p.requests = nil

	return seen
}

func (p *faultProxy) watches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	watches := 0
	for r := range p.inFlight {
		if strings.Contains(r.URL.RawQuery, "watch=true") {
			watches++
		}
	}

	return watches
}

// kubeconfig leads through the proxy.
func (p *faultProxy) kubeconfig(tb testing.TB, token string) []byte {
	tb.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})

	return kubeconfigOf(tb, object{
		"server":                     p.server.URL + proxyPrefix,
		"certificate-authority-data": base64.StdEncoding.EncodeToString(ca),
	}, object{"token": token})
}
