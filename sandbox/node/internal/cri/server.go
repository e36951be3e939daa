//go:build linux

package cri

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/images"
)

// Network gives Pods addresses.
type Network interface {
	// Attach connects the network namespace of a process and returns its address.
	Attach(process int) (string, error)
	// Release gives the address back.
	Release(address string)
}

// Options of a Server.
type Options struct {
	// Dir keeps the files of containers.
	Dir string
	// Shim is the path of pod-shim.
	Shim string
	// Address is the machine's: Pods that ask for the machine's network have it.
	Address string
	Network Network
	Images  *images.Store
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Server is a container runtime. Safe for concurrent use.
type Server struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	runtimeapi.UnimplementedImageServiceServer

	options   Options
	streaming streaming.Server

	mu         sync.Mutex
	serial     int
	sandboxes  map[string]*sandbox
	containers map[string]*container
}

// Serve answers on a Unix socket until ctx ends, and then ends all containers.
func Serve(ctx context.Context, socket string, options Options) (err error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options: options, sandboxes: map[string]*sandbox{}, containers: map[string]*container{}}
	listen := net.ListenConfig{}
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for streams of the container runtime: %w", err)
	}
	defer listener.Close()
	config := streaming.DefaultConfig
	config.Addr = listener.Addr().String()
	config.BaseURL = &url.URL{Scheme: "http", Host: config.Addr}
	if s.streaming, err = streaming.NewServer(config, streams{s}); err != nil {
		return fmt.Errorf("serving streams of the container runtime: %w", err)
	}
	calls, err := listen.Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("listening for the kubelet: %w", err)
	}
	web := &http.Server{Handler: s.streaming, ReadHeaderTimeout: time.Minute}
	server := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(server, s)
	runtimeapi.RegisterImageServiceServer(server, s)
	go func() {
		<-ctx.Done()
		server.Stop()
		_ = web.Close()
	}()
	go func() { _ = web.Serve(listener) }() // ends with the listener
	err = server.Serve(calls)
	if errors.Is(err, grpc.ErrServerStopped) {
		err = nil
	}
	s.endAll()
	return errors.Join(err, os.RemoveAll(socket))
}

// endAll kills what runs.
func (s *Server) endAll() {
	s.mu.Lock()
	containers, sandboxes := s.containers, s.sandboxes
	s.containers, s.sandboxes = map[string]*container{}, map[string]*sandbox{}
	s.mu.Unlock()
	for _, c := range containers {
		c.kill()
	}
	for _, box := range sandboxes {
		s.end(box)
	}
}

// id of a new object. The caller holds mu.
func (s *Server) id(kind string) string {
	s.serial++
	return fmt.Sprintf("%s-%06d", kind, s.serial)
}

// Version says who answers.
func (s *Server) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{Version: "0.1.0", RuntimeName: "processes", RuntimeVersion: "1.0.0", RuntimeApiVersion: "v1"}, nil
}

// Status is always good: a machine whose network does not work makes no Server.
func (s *Server) Status(context.Context, *runtimeapi.StatusRequest) (*runtimeapi.StatusResponse, error) {
	return &runtimeapi.StatusResponse{Status: &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true}, {Type: runtimeapi.NetworkReady, Status: true},
	}}}, nil
}

// UpdateRuntimeConfig tells of the range of Pods' addresses, which the bridge decides.
func (s *Server) UpdateRuntimeConfig(context.Context, *runtimeapi.UpdateRuntimeConfigRequest) (*runtimeapi.UpdateRuntimeConfigResponse, error) {
	return &runtimeapi.UpdateRuntimeConfigResponse{}, nil
}

// matches tells whether labels have all of a selector.
func matches(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}
