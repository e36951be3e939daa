package harvesterclient

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// maxKubeconfigBytes is the largest kubeconfig looked at. A Secret cannot hold more.
const maxKubeconfigBytes = 1 << 20

// RESTConfig turns a kubeconfig into a client configuration. It takes what users hold: a node's own file,
// the one Harvester's UI offers, one that goes through Rancher (the path in the server's URL is kept), a
// service account's token, a client certificate, basic authentication, a proxy.
//
// The current context counts; without one, the only context does. Refused, each with an error that names
// the field and wraps ErrInvalidKubeconfig: programs (exec, auth-provider) and references to files, since the
// kubeconfig comes from a Secret and must mean the same everywhere; a server that is not https, unless it
// is on this machine; data that is not base64 or not PEM; a user without any credentials. No error
// holds a value that could be secret.
//
// An absent certificate-authority-data is allowed: the machine's own roots count then. Whether the CA is the right
// one only shows when connecting; the error then says so.
func RESTConfig(kubeconfig []byte) (*rest.Config, error) {
	file, err := parseKubeconfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	cluster, user, err := file.current()
	if err != nil {
		return nil, err
	}
	cfg := &rest.Config{}
	if err := cluster.apply(cfg); err != nil {
		return nil, err
	}
	if err := user.apply(cfg); err != nil {
		return nil, err
	}

	return cfg, nil
}

// badKubeconfig makes an error about one field. Never pass it a value from the file that may be secret.
func badKubeconfig(field, format string, args ...any) error {
	return failf(ErrInvalidKubeconfig, "kubeconfig: %s: %s", field, fmt.Sprintf(format, args...))
}

func parseKubeconfig(data []byte) (*kubeconfigFile, error) {
	switch {
	case len(data) == 0:
		return nil, badKubeconfig("(file)", "is empty")
	case len(data) > maxKubeconfigBytes:
		return nil, badKubeconfig("(file)", "is larger than %d bytes", maxKubeconfigBytes)
	}
	raw, err := yaml.YAMLToJSON(data)
	if err != nil {
		// The parser's own text may quote the file, so only the fact is told.
		return nil, badKubeconfig("(file)", "is neither YAML nor JSON")
	}
	file := &kubeconfigFile{}
	if err := json.Unmarshal(raw, file); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) && mismatch.Field != "" {
			return nil, badKubeconfig(mismatch.Field, "has the wrong type, want %s", mismatch.Type)
		}
		return nil, badKubeconfig("(file)", "is not a kubeconfig: want clusters, users and contexts")
	}

	return file, nil
}

// current finds the cluster and the user of the context in force.
func (f *kubeconfigFile) current() (*kubeconfigCluster, *kubeconfigUser, error) {
	name := f.CurrentContext
	if name == "" {
		if len(f.Contexts) != 1 {
			return nil, nil, badKubeconfig("current-context", "is empty and there are %d contexts: set it", len(f.Contexts))
		}
		name = f.Contexts[0].Name
	}
	context := find(f.Contexts, func(c namedContext) bool { return c.Name == name })
	if context == nil {
		return nil, nil, badKubeconfig("current-context", "names no entry of contexts")
	}
	cluster := find(f.Clusters, func(c namedCluster) bool { return c.Name == context.Context.Cluster })
	if cluster == nil {
		return nil, nil, badKubeconfig("contexts[].context.cluster", "names no entry of clusters")
	}
	user := find(f.Users, func(u namedUser) bool { return u.Name == context.Context.User })
	if user == nil {
		return nil, nil, badKubeconfig("contexts[].context.user", "names no entry of users")
	}

	return &cluster.Cluster, &user.User, nil
}

func find[T any](list []T, match func(T) bool) *T {
	for i := range list {
		if match(list[i]) {
			return &list[i]
		}
	}

	return nil
}

func (c *kubeconfigCluster) apply(cfg *rest.Config) error {
	if c.CAFile != "" {
		return badKubeconfig("clusters[].cluster.certificate-authority", "is a file reference: use certificate-authority-data")
	}
	server, err := parseServer(c.Server)
	if err != nil {
		return err
	}
	ca, err := decodeData("clusters[].cluster.certificate-authority-data", c.CAData)
	if err != nil {
		return err
	}
	if err := checkAuthority(ca, c.SkipTLSVerify); err != nil {
		return err
	}
	if c.ProxyURL != "" {
		proxy, err := parseProxy(c.ProxyURL)
		if err != nil {
			return err
		}
		cfg.Proxy = http.ProxyURL(proxy)
	}
	cfg.Host = server.String()
	cfg.TLSClientConfig = rest.TLSClientConfig{CAData: ca, Insecure: c.SkipTLSVerify, ServerName: c.TLSServerName}
	cfg.DisableCompression = c.DisableCompression

	return nil
}

func checkAuthority(ca []byte, skipVerify bool) error {
	const field = "clusters[].cluster.certificate-authority-data"
	if len(ca) == 0 {
		return nil
	}
	if skipVerify {
		return badKubeconfig("clusters[].cluster.insecure-skip-tls-verify", "contradicts certificate-authority-data: remove one")
	}
	if !x509.NewCertPool().AppendCertsFromPEM(ca) {
		return badKubeconfig(field, "holds no PEM certificate")
	}

	return nil
}

// parseServer checks a server's URL. The path stays, because Rancher's proxy lives under one.
func parseServer(value string) (*url.URL, error) {
	const field = "clusters[].cluster.server"
	if value == "" {
		return nil, badKubeconfig(field, "is empty")
	}
	server, err := url.Parse(value)
	if err != nil || server.Host == "" || server.Hostname() == "" {
		return nil, badKubeconfig(field, "is not a URL such as https://10.0.0.1:6443")
	}
	switch {
	case server.User != nil:
		return nil, badKubeconfig(field, "holds a user name or password: put them under users")
	case server.RawQuery != "" || server.Fragment != "" || server.Opaque != "":
		return nil, badKubeconfig(field, "has more than scheme, host, port and path")
	case server.Scheme == "https", server.Scheme == "http" && isLoopback(server.Hostname()):
		return server, nil
	default:
		return nil, badKubeconfig(field, "must start with https://, so that credentials travel encrypted")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)

	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func parseProxy(value string) (*url.URL, error) {
	proxy, err := url.Parse(value)
	if err != nil || proxy.Host == "" {
		return nil, badKubeconfig("clusters[].cluster.proxy-url", "is not a URL")
	}
	switch proxy.Scheme {
	case "http", "https", "socks5":
		return proxy, nil
	default:
		return nil, badKubeconfig("clusters[].cluster.proxy-url", "must be an http, https or socks5 URL")
	}
}

func (u *kubeconfigUser) apply(cfg *rest.Config) error {
	if err := u.refuseReferences(); err != nil {
		return err
	}
	cert, err := decodeData("users[].user.client-certificate-data", u.CertData)
	if err != nil {
		return err
	}
	key, err := decodeData("users[].user.client-key-data", u.KeyData)
	if err != nil {
		return err
	}
	if err := checkKeyPair(cert, key); err != nil {
		return err
	}
	if err := u.checkCredentials(len(cert) > 0); err != nil {
		return err
	}
	cfg.CertData, cfg.KeyData = cert, key
	cfg.BearerToken = u.Token
	cfg.Username, cfg.Password = u.Username, u.Password
	cfg.Impersonate = rest.ImpersonationConfig{UserName: u.As, UID: u.AsUID, Groups: u.AsGroups, Extra: u.AsExtra}

	return nil
}

// refuseReferences names the first field that points outside the file.
func (u *kubeconfigUser) refuseReferences() error {
	switch {
	case u.Exec != nil:
		return badKubeconfig("users[].user.exec", "runs a program, which a Secret cannot carry: use a service account's token")
	case u.AuthProvider != nil:
		return badKubeconfig("users[].user.auth-provider", "runs a plugin, which a Secret cannot carry: use a service account's token")
	case u.CertFile != "":
		return badKubeconfig("users[].user.client-certificate", "is a file reference: use client-certificate-data")
	case u.KeyFile != "":
		return badKubeconfig("users[].user.client-key", "is a file reference: use client-key-data")
	case u.TokenFile != "":
		return badKubeconfig("users[].user.tokenFile", "is a file reference: use token")
	default:
		return nil
	}
}

// checkCredentials wants exactly one way to tell who we are besides a certificate.
func (u *kubeconfigUser) checkCredentials(hasCert bool) error {
	switch {
	case u.Token != "" && u.Username != "":
		return badKubeconfig("users[].user", "has both a token and a user name: keep one")
	case u.Token == "" && u.Username == "" && !hasCert:
		return badKubeconfig("users[].user", "has no credentials: want token, or client-certificate-data with client-key-data")
	case u.As == "" && (u.AsUID != "" || len(u.AsGroups) > 0 || len(u.AsExtra) > 0):
		return badKubeconfig("users[].user.as", "is empty although other impersonation fields are set")
	case strings.ContainsAny(u.Token, "\r\n\x00"):
		return badKubeconfig("users[].user.token", "holds a line break")
	default:
		return nil
	}
}

func checkKeyPair(cert, key []byte) error {
	switch {
	case len(cert) == 0 && len(key) == 0:
		return nil
	case len(cert) == 0:
		return badKubeconfig("users[].user.client-certificate-data", "is absent although client-key-data is there")
	case len(key) == 0:
		return badKubeconfig("users[].user.client-key-data", "is absent although client-certificate-data is there")
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return badKubeconfig("users[].user.client-certificate-data", "and client-key-data are not a PEM certificate with its key")
	}

	return nil
}

func decodeData(field, value string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	data, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, badKubeconfig(field, "is not base64")
	}

	return data, nil
}
