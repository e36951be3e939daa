package etcdops

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	spdytransport "k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	// pingPeriod is how often a SPDY connection is tried, as kubectl does.
	pingPeriod = 5 * time.Second
	// maxRefusal bounds how much of a refusal goes into an error, in bytes.
	maxRefusal = 300
)

// spdyUpgrade upgrades one request to SPDY, and gives up when the request's context ends. The one of client-go waits for
// an answer for ever, so that a server that accepts and never answers would keep a socket and a goroutine each time.
type spdyUpgrade struct {
	*spdy.SpdyRoundTripper
	conn net.Conn
}

var _ httpstream.UpgradeRoundTripper = (*spdyUpgrade)(nil)

// spdyTransport prepares one upgrade with the credentials of cfg.
func spdyTransport(cfg *rest.Config) (*spdyUpgrade, http.RoundTripper, spdytransport.Upgrader, error) {
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	inner, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{TLS: tlsConfig, Proxier: cfg.Proxy, PingPeriod: pingPeriod})
	if err != nil {
		return nil, nil, nil, err
	}
	upgrade := &spdyUpgrade{SpdyRoundTripper: inner}
	transport, err := rest.HTTPWrappersForConfig(cfg, upgrade)
	return upgrade, transport, spdytransport.NewUpgraderForStreaming(upgrade), err
}

// RoundTrip sends the request and reads the head of the answer.
func (u *spdyUpgrade) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Add(httpstream.HeaderConnection, httpstream.HeaderUpgrade)
	req.Header.Add(httpstream.HeaderUpgrade, spdy.HeaderSpdy31)
	conn, err := u.Dial(req)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(req.Context(), func() { _ = conn.Close() })
	defer stop()

	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		_ = conn.Close()
		if ended := req.Context().Err(); ended != nil {
			err = ended
		}
		return nil, err
	}
	u.conn = conn
	return response, nil
}

// NewConnection takes the connection over after the answer, or says why the server refused.
func (u *spdyUpgrade) NewConnection(response *http.Response) (httpstream.Connection, error) {
	upgraded := strings.EqualFold(response.Header.Get(httpstream.HeaderUpgrade), spdy.HeaderSpdy31)
	if response.StatusCode != http.StatusSwitchingProtocols || !upgraded {
		_ = u.conn.SetReadDeadline(time.Now().Add(complaintGrace))
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
		_ = u.conn.Close()
		return nil, fmt.Errorf("the API server refused the upgrade: %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	return spdy.NewClientConnectionWithPings(u.conn, pingPeriod)
}
