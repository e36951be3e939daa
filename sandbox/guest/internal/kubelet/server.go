package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

const (
	idleTimeout    = 4 * time.Hour
	createTimeout  = 30 * time.Second
	followInterval = 250 * time.Millisecond
)

// Commands runs commands in containers.
type Commands interface {
	// Exec runs a command in a container and returns its exit status. An error
	// means that it could not be run at all.
	Exec(ctx context.Context, container string, command []string, stdout, stderr io.Writer) (status int, err error)
}

// ServerOptions of a Server.
type ServerOptions struct {
	// Address to listen on, host:port.
	Address string
	// Host is where the node's own ports are, for port-forward.
	Host string
	// Certificate to serve with; ClientCA signs whom to answer.
	Certificate tls.Certificate
	ClientCA    *x509.CertPool
	Commands    Commands
	// LogFile returns where a container's output lies; empty for none.
	LogFile func(container string) string
}

// Server answers the API server until Close.
type Server struct {
	options ServerOptions
	server  *http.Server
}

// Listen opens the port and serves in the background until Close.
func Listen(ctx context.Context, options ServerOptions) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("opening the kubelet port: %w", err)
	}
	s := &Server{options: options}
	s.server = &http.Server{
		Handler: s.routes(),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{options.Certificate}, MinVersion: tls.VersionTLS12,
			ClientCAs: options.ClientCA, ClientAuth: tls.RequireAndVerifyClientCert,
		},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // only ever says that it was closed
	return s, nil
}

// Close drops the port and all connections that are not streams; those end
// with what they lead to.
func (s *Server) Close() error { return s.server.Close() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", s.serveExec)
	mux.HandleFunc("/portForward/{namespace}/{pod}", s.servePortForward)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.serveLogs)
	return mux
}

func (s *Server) serveExec(w http.ResponseWriter, r *http.Request) {
	streams, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, executor{s.options.Commands}, r.PathValue("pod"), "", r.PathValue("container"),
		r.Form["command"], streams, idleTimeout, createTimeout, remotecommand.SupportedStreamingProtocols)
}

// executor fits Commands to the streaming library.
type executor struct{ commands Commands }

// ExecInContainer implements remotecommand.Executor.
func (e executor) ExecInContainer(ctx context.Context, _, _, container string, command []string, _ io.Reader,
	stdout, stderr io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	status, err := e.commands.Exec(ctx, container, command, orDiscard(stdout), orDiscard(stderr))
	if err == nil && status != 0 {
		err = utilexec.CodeExitError{Err: fmt.Errorf("command failed"), Code: status}
	}
	return err
}

// orDiscard replaces a stream that the caller did not ask for.
func orDiscard(stream io.WriteCloser) io.Writer {
	if stream == nil {
		return io.Discard
	}
	return stream
}

func (s *Server) servePortForward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, forwarder{s.options.Host}, r.PathValue("pod"), "", options,
		idleTimeout, createTimeout, portforward.SupportedProtocols)
}

// forwarder connects to ports of the node, whose network all its pods share.
type forwarder struct{ host string }

// PortForward implements portforward.PortForwarder.
func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	target, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(f.host, strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("connecting to port %d: %w", port, err)
	}
	defer target.Close()
	ended := make(chan struct{}, 2)
	copyInto := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // either side may hang up at any time
		ended <- struct{}{}
	}
	go copyInto(target, stream)
	go copyInto(stream, target)
	<-ended
	return nil
}

func (s *Server) serveLogs(w http.ResponseWriter, r *http.Request) {
	name := s.options.LogFile(r.PathValue("container"))
	file, err := os.Open(name)
	if name == "" || err != nil {
		http.Error(w, "the container has written no log", http.StatusNotFound)
		return
	}
	defer file.Close()
	if lines, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil {
		if _, err := io.WriteString(w, process.Tail(name, lines)+"\n"); err != nil {
			return
		}
		if _, err := file.Seek(0, io.SeekEnd); err != nil {
			return
		}
	}
	follow := strings.EqualFold(r.URL.Query().Get("follow"), "true")
	for {
		if _, err := io.Copy(w, file); err != nil || !follow {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(followInterval):
		}
	}
}
