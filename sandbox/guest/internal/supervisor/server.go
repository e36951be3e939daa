package supervisor

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

// maxRequest bounds a signing request.
const maxRequest = 64 << 10

// Backend is the server behind the door. Its methods must be safe for
// concurrent use; an error means that this part is not up yet.
type Backend interface {
	// Bootstrap returns the cluster's files.
	Bootstrap() (Bootstrap, error)
	// EtcdInfo returns the members that are there now.
	EtcdInfo(ctx context.Context) (EtcdInfo, error)
	// APIServers returns the API servers that are known now.
	APIServers(ctx context.Context) (APIServers, error)
}

// Options of a Server.
type Options struct {
	// Address to listen on, host:port.
	Address string
	// Certificate to serve with.
	Certificate tls.Certificate
	// Token a caller must present. An empty one lets nobody in.
	Token string
	// ServerCA signs serving certificates, ClientCA those of clients.
	ServerCA, ClientCA *pki.Authority
	Backend            Backend
}

// Server answers joining machines until Close.
type Server struct {
	options  Options
	server   *http.Server
	listener net.Listener
}

// Listen opens the port and serves in the background until Close.
func Listen(ctx context.Context, options Options) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("opening the supervisor port: %w", err)
	}
	s := &Server{options: options, listener: listener}
	s.server = &http.Server{
		Handler:           s.routes(),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{options.Certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		// Half-made connections, such as a load balancer's probes, are no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // only ever says that it was closed
	return s, nil
}

// Close drops the port and all connections.
func (s *Server) Close() error { return s.server.Close() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathPing, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") })
	mux.HandleFunc("GET "+pathCACerts, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(s.options.ServerCA.Pair().Certificate)
	})
	mux.Handle("GET "+pathBootstrap, s.authorize(func(*http.Request) (any, error) {
		return s.options.Backend.Bootstrap()
	}, userServer))
	mux.Handle("GET "+pathEtcdInfo, s.authorize(func(r *http.Request) (any, error) {
		return s.options.Backend.EtcdInfo(r.Context())
	}, userServer))
	mux.Handle("GET "+pathAPIServers, s.authorize(func(r *http.Request) (any, error) {
		return s.options.Backend.APIServers(r.Context())
	}, userServer, userNode))
	mux.Handle("POST "+pathClientKubelet, s.authorize(s.clientKubelet, userServer, userNode))
	mux.Handle("POST "+pathServingKubelet, s.authorize(s.servingKubelet, userServer, userNode))
	return mux
}

// authorize lets a caller with the token pass, and answers with JSON.
func (s *Server) authorize(answer func(*http.Request) (any, error), users ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, token, _ := r.BasicAuth()
		if !s.admits(user, token, users) {
			http.Error(w, "the token is wrong for this user", http.StatusUnauthorized)
			return
		}
		content, err := answer(r)
		switch {
		case errors.Is(err, pki.ErrInvalid):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, "this server is starting", http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(content) // a caller that hung up asks again
		}
	})
}

func (s *Server) admits(user, token string, users []string) bool {
	if s.options.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.options.Token)) != 1 {
		return false
	}
	for _, allowed := range users {
		if user == allowed {
			return true
		}
	}
	return false
}

func (s *Server) clientKubelet(r *http.Request) (any, error) {
	name := r.Header.Get(headerNodeName)
	if name == "" {
		return nil, fmt.Errorf("%w: the caller does not say its node's name", pki.ErrInvalid)
	}
	return s.identity(r, s.options.ClientCA, pki.Request{
		CommonName: "system:node:" + name, Organizations: []string{"system:nodes"}, Client: true,
	})
}

func (s *Server) servingKubelet(r *http.Request) (any, error) {
	name, address := r.Header.Get(headerNodeName), r.Header.Get(headerNodeIP)
	if name == "" || net.ParseIP(address) == nil {
		return nil, fmt.Errorf("%w: the caller does not say its node's name and address", pki.ErrInvalid)
	}
	return s.identity(r, s.options.ServerCA, pki.Request{
		CommonName: name, Names: []string{name, "localhost", "127.0.0.1", address}, Server: true,
	})
}

func (s *Server) identity(r *http.Request, authority *pki.Authority, grant pki.Request) (any, error) {
	request, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("%w: the request is cut short", pki.ErrInvalid)
	}
	certificate, err := authority.Sign(request, grant)
	if err != nil {
		return nil, err
	}
	return KubeletIdentity{
		Certificate: certificate,
		ClientCA:    s.options.ClientCA.Pair().Certificate,
		ServerCA:    s.options.ServerCA.Pair().Certificate,
	}, nil
}
