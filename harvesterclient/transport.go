package harvesterclient

import (
	"net"
	"net/http"
	"strconv"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// responseHeaderTimeout is how long a server may think about one request. The apiserver itself gives up after 60 s.
const responseHeaderTimeout = 65 * time.Second

// newTransport makes a transport of our own for one connection, so that closing the connection closes its sockets. Client-go's
// shared cache of transports would keep them, and the process-wide default transport is no one's to change.
func newTransport(cfg *rest.Config, connectTimeout time.Duration) (*http.Transport, *sockets, error) {
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return nil, nil, failf(ErrInvalidKubeconfig, "kubeconfig: prepare TLS: %w", err)
	}
	proxy := http.ProxyFromEnvironment
	if cfg.Proxy != nil {
		proxy = cfg.Proxy
	}
	sockets := newSockets((&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext)
	transport := utilnet.SetTransportDefaults(&http.Transport{
		Proxy:                 proxy,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: responseHeaderTimeout,
		MaxIdleConnsPerHost:   25,
		DisableCompression:    cfg.DisableCompression,
		DialContext:           sockets.dialContext,
	})

	return transport, sockets, nil
}

// clientConfig is cfg with a ready-made transport in place of the options it was made from.
func clientConfig(cfg *rest.Config, transport http.RoundTripper) *rest.Config {
	own := rest.CopyConfig(cfg)
	own.TLSClientConfig = rest.TLSClientConfig{}
	own.Proxy = nil
	own.Transport = transport

	return own
}

// observedTransport counts requests and tells the health check of answers that cast doubt on the connection.
type observedTransport struct {
	next    http.RoundTripper
	prefix  string // path of the server's URL, as behind Rancher's proxy
	count   func(verb, resource, code string)
	suspect func()
}

func (t *observedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	code := "error"
	if err == nil {
		code = strconv.Itoa(response.StatusCode)
	}
	verb, resource := describeRequest(request.Method, request.URL, t.prefix)
	t.count(verb, resource, code)
	if isSuspicious(request, response, err) {
		t.suspect()
	}

	return response, err
}

// WrappedRoundTripper lets client-go find the transport underneath.
func (t *observedTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// isSuspicious is true for what a working Harvester does not do to one of ours: not answering, not knowing us, or having
// a proxy say that it is away. A request that its own caller gave up says nothing.
func isSuspicious(request *http.Request, response *http.Response, err error) bool {
	if err != nil {
		return request.Context().Err() == nil
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}
