//go:build linux

package cri

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/images"
)

// container of a Pod. What is above mu does not change.
type container struct {
	id, sandbox string
	config      *runtimeapi.ContainerConfig
	image       images.Image
	created     int64
	dir, log    string

	guarded
}

// CreateContainer remembers what a container will be.
func (s *Server) CreateContainer(_ context.Context, request *runtimeapi.CreateContainerRequest) (*runtimeapi.CreateContainerResponse, error) {
	config := request.GetConfig()
	image, ok := s.options.Images.Find(config.GetImage().GetImage())
	if !ok {
		return nil, status.Errorf(codes.NotFound, "image %s has not been pulled", config.GetImage().GetImage())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	box, ok := s.sandboxes[request.GetPodSandboxId()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "Pod sandbox %s does not exist", request.GetPodSandboxId())
	}
	c := &container{id: s.id("container"), sandbox: box.id, config: config, image: image, created: s.options.Now().UnixNano()}
	c.dir = filepath.Join(s.options.Dir, c.id)
	c.log = filepath.Join(box.config.GetLogDirectory(), config.GetLogPath())
	c.done = make(chan struct{})
	for _, dir := range []string{c.dir, c.path("root"), c.path("upper"), c.path("work"), filepath.Dir(c.log)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making the files of a container: %w", err)
		}
	}
	s.containers[c.id] = c
	return &runtimeapi.CreateContainerResponse{ContainerId: c.id}, nil
}

func (c *container) path(name string) string { return filepath.Join(c.dir, name) }

// StartContainer starts its program.
func (s *Server) StartContainer(_ context.Context, request *runtimeapi.StartContainerRequest) (*runtimeapi.StartContainerResponse, error) {
	c, box, err := s.find(request.GetContainerId())
	if err != nil {
		return nil, err
	}
	if err := s.launch(c, box); err != nil {
		return nil, fmt.Errorf("starting container %s: %w", c.config.GetMetadata().GetName(), err)
	}
	return &runtimeapi.StartContainerResponse{}, nil
}

// find returns a container and its Pod.
func (s *Server) find(id string) (*container, *sandbox, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.containers[id]
	if !ok {
		return nil, nil, status.Errorf(codes.NotFound, "container %s does not exist", id)
	}
	return c, s.sandboxes[c.sandbox], nil
}

// StopContainer asks a container to end, and kills it when the time is over.
func (s *Server) StopContainer(_ context.Context, request *runtimeapi.StopContainerRequest) (*runtimeapi.StopContainerResponse, error) {
	c, _, err := s.find(request.GetContainerId())
	if status.Code(err) == codes.NotFound {
		return &runtimeapi.StopContainerResponse{}, nil
	}
	c.stop(time.Duration(request.GetTimeout()) * time.Second)
	return &runtimeapi.StopContainerResponse{}, nil
}

// RemoveContainer forgets a container with its files, and ends it if it runs.
func (s *Server) RemoveContainer(_ context.Context, request *runtimeapi.RemoveContainerRequest) (*runtimeapi.RemoveContainerResponse, error) {
	c, _, err := s.find(request.GetContainerId())
	if status.Code(err) == codes.NotFound {
		return &runtimeapi.RemoveContainerResponse{}, nil
	}
	c.kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.containers, c.id)
	return &runtimeapi.RemoveContainerResponse{}, os.RemoveAll(c.dir)
}

// ListContainers tells which containers there are.
func (s *Server) ListContainers(_ context.Context, request *runtimeapi.ListContainersRequest) (*runtimeapi.ListContainersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	filter := request.GetFilter()
	response := &runtimeapi.ListContainersResponse{}
	for _, c := range s.containers {
		state := c.now().state
		if filter.GetId() != "" && filter.GetId() != c.id || filter.GetState() != nil && filter.GetState().GetState() != state ||
			filter.GetPodSandboxId() != "" && filter.GetPodSandboxId() != c.sandbox || !matches(filter.GetLabelSelector(), c.config.GetLabels()) {
			continue
		}
		response.Containers = append(response.Containers, &runtimeapi.Container{
			Id: c.id, PodSandboxId: c.sandbox, Metadata: c.config.GetMetadata(), Image: c.config.GetImage(), ImageRef: c.image.Digest,
			ImageId: c.image.ID, State: state, CreatedAt: c.created, Labels: c.config.GetLabels(), Annotations: c.config.GetAnnotations(),
		})
	}
	return response, nil
}

// ContainerStatus tells how a container does.
func (s *Server) ContainerStatus(_ context.Context, request *runtimeapi.ContainerStatusRequest) (*runtimeapi.ContainerStatusResponse, error) {
	c, _, err := s.find(request.GetContainerId())
	if err != nil {
		return nil, err
	}
	now := c.now()
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{
		Id: c.id, Metadata: c.config.GetMetadata(), State: now.state, CreatedAt: c.created, StartedAt: now.started, FinishedAt: now.finished,
		ExitCode: now.exit, Reason: now.reason(), Image: c.config.GetImage(), ImageRef: c.image.Digest, ImageId: c.image.ID,
		Labels: c.config.GetLabels(), Annotations: c.config.GetAnnotations(), Mounts: c.config.GetMounts(), LogPath: c.log,
	}}, nil
}

// ReopenContainerLog is for logs that are rotated; these are not.
func (s *Server) ReopenContainerLog(context.Context, *runtimeapi.ReopenContainerLogRequest) (*runtimeapi.ReopenContainerLogResponse, error) {
	return &runtimeapi.ReopenContainerLogResponse{}, nil
}

// ListContainerStats has none: nothing is measured without cgroups.
func (s *Server) ListContainerStats(context.Context, *runtimeapi.ListContainerStatsRequest) (*runtimeapi.ListContainerStatsResponse, error) {
	return &runtimeapi.ListContainerStatsResponse{}, nil
}

// ListPodSandboxStats has none.
func (s *Server) ListPodSandboxStats(context.Context, *runtimeapi.ListPodSandboxStatsRequest) (*runtimeapi.ListPodSandboxStatsResponse, error) {
	return &runtimeapi.ListPodSandboxStatsResponse{}, nil
}
