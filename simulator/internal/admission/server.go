// Package admission behaves as the admission webhooks of a Harvester cluster: Harvester's own, the load balancer's and the
// network's; KubeVirt's are answered by KubeVirt's own code, through a Reviewer. Server is the main type: it listens on
// loopback with a certificate of its own and knows how to register itself under upstream's names, Harvester's mutators
// with failure policy Ignore, KubeVirt's and all validators with Fail.
//
// What is changed and refused is decided by functions on objects; they read other objects only through a client.Reader.
package admission

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

// Server answers admission reviews.
type Server struct {
	webhooks []webhook
	listener net.Listener
	http     *http.Server
	caBundle []byte
	done     chan struct{}
}

// Options configure a Server.
type Options struct {
	// Cache is read where upstream reads its caches and staleness is harmless; it must have the indexes of SetupIndexes.
	Cache client.Reader
	// Live is read where a stale answer would refuse a request that follows another closely.
	Live client.Reader
	// Quirks is how the release behaves.
	Quirks version.Quirks
	// Seed decides which MACs are generated.
	Seed int64
	// NoMutators leaves Harvester's mutating webhooks out.
	NoMutators bool
	// KubeVirt answers what virt-api is asked.
	KubeVirt Reviewer
	// Log takes what goes wrong.
	Log logr.Logger
}

// known reads what requests name, without a request of our own where the caches have it.
func (o Options) known() client.Reader { return kit.Known{Cache: o.Cache, Reader: o.Live} }

// Start listens on a free port of 127.0.0.1 and answers until Stop.
func Start(options Options) (*Server, error) {
	authority, err := pki.NewCA("harvester-webhook-ca")
	if err != nil {
		return nil, fmt.Errorf("webhook server: %w", err)
	}
	pair, err := authority.Server("harvester-webhook", "127.0.0.1")
	if err != nil {
		return nil, fmt.Errorf("webhook server: %w", err)
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, fmt.Errorf("webhook server: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("webhook server: %w", err)
	}
	server := &Server{webhooks: webhooks(options), listener: listener, caBundle: authority.Pair().Cert, done: make(chan struct{})}
	mux := http.NewServeMux()
	for _, hook := range server.webhooks {
		handler, err := handlerOf(hook, options)
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		mux.Handle(hook.path, handler)
	}
	server.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	go func() {
		defer close(server.done)
		if err := server.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			options.Log.Error(err, "webhook server ended")
		}
	}()
	return server, nil
}

// handlerOf serves one webhook: KubeVirt's by KubeVirt's code, the others by ours.
func handlerOf(hook webhook, options Options) (http.Handler, error) {
	if hook.rules[0].hook == nil {
		return passOn{path: hook.path, kubevirt: options.KubeVirt, log: options.Log}, nil
	}
	handler, err := admission.StandaloneWebhook(&admission.Webhook{Handler: hook}, admission.StandaloneOptions{Logger: options.Log})
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", hook.name, err)
	}
	return handler, nil
}

// Stop ends the server; writes to what it judges are then refused by the apiserver.
func (s *Server) Stop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.done
	if err != nil {
		return fmt.Errorf("stop webhook server: %w", err)
	}
	return nil
}

// url is where a path is reached.
func (s *Server) url(path string) string {
	return fmt.Sprintf("https://%s%s", s.listener.Addr(), path)
}
