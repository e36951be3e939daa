package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

// maxAnswer bounds what a client reads.
const maxAnswer = 4 << 20

// callTimeout bounds one request, so that a server that hangs behind a load
// balancer is given up and another one tried.
const callTimeout = 5 * time.Second

// Client asks a server, usually through the cluster's load balancer. Every
// request opens a connection of its own: a load balancer may answer each from
// another server. Safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// Connect fetches the cluster's authority, unverified as an RKE2 node with a
// short token does, and returns a client that trusts it alone.
func Connect(ctx context.Context, base *url.URL, token string) (*Client, error) {
	//nolint:gosec // there is nothing to verify by yet, and nothing secret is sent
	unverified := newClient(base, token, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	authority, err := unverified.do(ctx, http.MethodGet, pathCACerts, "", nil, nil)
	if err != nil {
		return nil, err
	}
	pool, err := pki.Pool(authority)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return newClient(base, token, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), nil
}

func newClient(base *url.URL, token string, config *tls.Config) *Client {
	return &Client{base: base, token: token, http: &http.Client{
		Timeout:   callTimeout,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}}
}

// Bootstrap fetches what a joining server needs.
func (c *Client) Bootstrap(ctx context.Context) (Bootstrap, error) {
	return get[Bootstrap](ctx, c, pathBootstrap, userServer)
}

// EtcdInfo fetches the members of etcd.
func (c *Client) EtcdInfo(ctx context.Context) (EtcdInfo, error) {
	return get[EtcdInfo](ctx, c, pathEtcdInfo, userServer)
}

// APIServers fetches the API servers that the server knows.
func (c *Client) APIServers(ctx context.Context) (APIServers, error) {
	return get[APIServers](ctx, c, pathAPIServers, userNode)
}

// ClientCertificate has the node's client certificate signed.
func (c *Client) ClientCertificate(ctx context.Context, node string, request []byte) (KubeletIdentity, error) {
	return c.sign(ctx, pathClientKubelet, node, "", request)
}

// ServingCertificate has the node's serving certificate signed.
func (c *Client) ServingCertificate(ctx context.Context, node, address string, request []byte) (KubeletIdentity, error) {
	return c.sign(ctx, pathServingKubelet, node, address, request)
}

func (c *Client) sign(ctx context.Context, path, node, address string, request []byte) (KubeletIdentity, error) {
	header := http.Header{headerNodeName: {node}, headerNodeIP: {address}}
	answer, err := c.do(ctx, http.MethodPost, path, userNode, header, request)
	if err != nil {
		return KubeletIdentity{}, err
	}
	return decode[KubeletIdentity](answer)
}

func get[T any](ctx context.Context, c *Client, path, user string) (T, error) {
	answer, err := c.do(ctx, http.MethodGet, path, user, nil, nil)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](answer)
}

func decode[T any](answer []byte) (T, error) {
	var content T
	if err := json.Unmarshal(answer, &content); err != nil {
		return content, fmt.Errorf("%w: its answer is no JSON", ErrUnavailable)
	}
	return content, nil
}

// do sends one request. The token is sent only with a user, so the unverified
// first call does not carry it.
func (c *Client) do(ctx context.Context, method, path, user string, header http.Header, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		for _, value := range values {
			request.Header.Set(name, value)
		}
	}
	if user != "" {
		request.SetBasicAuth(user, c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return nil, fmt.Errorf("%s: %w", path, ErrUnauthorized)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %w: HTTP status %d", path, ErrUnavailable, response.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", path, ErrUnavailable, err)
	}
	return answer, nil
}
