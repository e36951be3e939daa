package fleet

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
)

// guestView serves the API server that all light machines share as if each cluster had one of its own: who lists or
// watches Nodes below a cluster's path gets that cluster's only. Without it, every guest connection of fifty clusters would
// be sent the Nodes of all of them, which no real guest does.
type guestView struct {
	server http.Server
	base   string
	token  string
	ca     []byte
}

// startGuestView serves on loopback, to who has the token, until ctx ends.
func startGuestView(ctx context.Context, config *rest.Config) (*guestView, error) {
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, fmt.Errorf("the view of guests: %w", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("the view of guests: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the view of guests: %w", err)
	}
	v := &guestView{base: "https://" + listener.Addr().String(), token: rand.Text()}
	certificate, err := v.issue()
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	v.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	v.server.Handler = v.guard(&httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), // Clients hear of it.
		Rewrite: func(r *httputil.ProxyRequest) {
			narrow(r.Out)
			r.Out.Header.Del("Authorization")
			r.SetURL(target)
		},
	})
	v.server.ReadHeaderTimeout = seeTime
	go func() { _ = v.server.ServeTLS(listener, "", "") }() // It ends by Close.
	context.AfterFunc(ctx, func() { _ = v.server.Close() })
	return v, nil
}

// issue makes the server's certificate: clients of Kubernetes give no token away without one.
func (v *guestView) issue() (tls.Certificate, error) {
	authority, err := pki.NewCA("guest-view")
	if err != nil {
		return tls.Certificate{}, err
	}
	v.ca = authority.Pair().Cert
	pair, err := authority.Server("guest-view", "127.0.0.1")
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(pair.Cert, pair.Key)
}

func (v *guestView) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !found || subtle.ConstantTimeCompare([]byte(given), []byte(v.token)) != 1 {
			http.Error(w, "this is for the sandbox's own clusters", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// narrow takes the cluster off the path, and has it select the Nodes. Pure but for the request.
func narrow(r *http.Request) {
	cluster, path, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !found {
		return
	}
	r.URL.Path, r.URL.RawPath = "/"+path, ""
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/nodes" {
		return
	}
	query := r.URL.Query()
	selector := labels.Set{clusterv1.ClusterNameLabel: cluster}.String()
	if given := query.Get("labelSelector"); given != "" {
		selector += "," + given
	}
	query.Set("labelSelector", selector)
	r.URL.RawQuery = query.Encode()
}

// kubeconfig leads to a cluster's view.
func (v *guestView) kubeconfig(cluster string) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: v.base + "/" + cluster, CertificateAuthorityData: v.ca}
	config.AuthInfos[cluster] = &clientcmdapi.AuthInfo{Token: v.token}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: cluster}
	config.CurrentContext = cluster
	return clientcmd.Write(*config)
}
