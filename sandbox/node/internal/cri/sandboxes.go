//go:build linux

package cri

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// sandbox is a Pod's network namespace.
type sandbox struct {
	id      string
	config  *runtimeapi.PodSandboxConfig
	created int64
	// address on the network, also when it has ended.
	address string
	// pause holds the namespace; nil for a Pod in the machine's network. ended is closed when it is gone.
	pause *exec.Cmd
	ended chan struct{}
}

func (b *sandbox) state() runtimeapi.PodSandboxState {
	select {
	case <-b.ended:
		return runtimeapi.PodSandboxState_SANDBOX_NOTREADY
	default:
		return runtimeapi.PodSandboxState_SANDBOX_READY
	}
}

func (b *sandbox) options() *runtimeapi.NamespaceOption {
	return b.config.GetLinux().GetSecurityContext().GetNamespaceOptions()
}

// RunPodSandbox makes a Pod's network.
func (s *Server) RunPodSandbox(_ context.Context, request *runtimeapi.RunPodSandboxRequest) (*runtimeapi.RunPodSandboxResponse, error) {
	box := &sandbox{config: request.GetConfig(), created: s.options.Now().UnixNano(), ended: make(chan struct{})}
	if err := s.connect(box); err != nil {
		return nil, err
	}
	if dir := box.config.GetLogDirectory(); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			s.end(box)
			return nil, fmt.Errorf("making the directory of a Pod's logs: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	box.id = s.id("pod")
	s.sandboxes[box.id] = box
	return &runtimeapi.RunPodSandboxResponse{PodSandboxId: box.id}, nil
}

// connect gives the sandbox its network.
func (s *Server) connect(box *sandbox) error {
	if box.options().GetNetwork() == runtimeapi.NamespaceMode_NODE {
		box.address = s.options.Address
		return nil
	}
	pause := exec.Command(s.options.Shim, "pause") //nolint:noctx // it outlives the call
	pause.Env = []string{}
	pause.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := pause.Start(); err != nil {
		return fmt.Errorf("making a Pod's network: %w", err)
	}
	box.pause = pause
	go func() {
		_ = pause.Wait() // it is killed
		close(box.ended)
	}()
	address, err := s.options.Network.Attach(pause.Process.Pid)
	if err != nil {
		s.end(box)
		return err
	}
	box.address = address
	return nil
}

// end ends a sandbox; its containers have ended.
func (s *Server) end(box *sandbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if box.state() != runtimeapi.PodSandboxState_SANDBOX_READY {
		return
	}
	if box.pause == nil {
		close(box.ended)
		return
	}
	_ = box.pause.Process.Kill() // it may have ended by itself
	<-box.ended
	s.options.Network.Release(box.address)
}

// StopPodSandbox ends a Pod's containers and its network.
func (s *Server) StopPodSandbox(_ context.Context, request *runtimeapi.StopPodSandboxRequest) (*runtimeapi.StopPodSandboxResponse, error) {
	s.stop(request.GetPodSandboxId())
	return &runtimeapi.StopPodSandboxResponse{}, nil
}

func (s *Server) stop(id string) {
	s.mu.Lock()
	box := s.sandboxes[id]
	var containers []*container
	for _, c := range s.containers {
		if c.sandbox == id {
			containers = append(containers, c)
		}
	}
	s.mu.Unlock()
	for _, c := range containers {
		c.kill()
	}
	if box != nil {
		s.end(box)
	}
}

// RemovePodSandbox forgets a Pod, and ends it if it runs.
func (s *Server) RemovePodSandbox(_ context.Context, request *runtimeapi.RemovePodSandboxRequest) (*runtimeapi.RemovePodSandboxResponse, error) {
	id := request.GetPodSandboxId()
	s.stop(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for key, c := range s.containers {
		if c.sandbox == id {
			errs = append(errs, os.RemoveAll(c.dir))
			delete(s.containers, key)
		}
	}
	delete(s.sandboxes, id)
	return &runtimeapi.RemovePodSandboxResponse{}, errors.Join(errs...)
}

// PodSandboxStatus tells what a Pod's network is.
func (s *Server) PodSandboxStatus(_ context.Context, request *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	box, ok := s.sandboxes[request.GetPodSandboxId()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "Pod sandbox %s does not exist", request.GetPodSandboxId())
	}
	return &runtimeapi.PodSandboxStatusResponse{Status: &runtimeapi.PodSandboxStatus{
		Id: box.id, Metadata: box.config.GetMetadata(), State: box.state(), CreatedAt: box.created,
		Labels: box.config.GetLabels(), Annotations: box.config.GetAnnotations(),
		Network: &runtimeapi.PodSandboxNetworkStatus{Ip: box.address},
		Linux:   &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{Options: box.options()}},
	}}, nil
}

// ListPodSandbox tells which Pods there are.
func (s *Server) ListPodSandbox(_ context.Context, request *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	filter := request.GetFilter()
	response := &runtimeapi.ListPodSandboxResponse{}
	for _, box := range s.sandboxes {
		if filter.GetId() != "" && filter.GetId() != box.id || filter.GetState() != nil && filter.GetState().GetState() != box.state() ||
			!matches(filter.GetLabelSelector(), box.config.GetLabels()) {
			continue
		}
		response.Items = append(response.Items, &runtimeapi.PodSandbox{
			Id: box.id, Metadata: box.config.GetMetadata(), State: box.state(), CreatedAt: box.created,
			Labels: box.config.GetLabels(), Annotations: box.config.GetAnnotations(),
		})
	}
	return response, nil
}
