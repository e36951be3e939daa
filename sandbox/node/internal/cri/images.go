//go:build linux

package cri

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/images"
)

// PullImage gets an image.
func (s *Server) PullImage(ctx context.Context, request *runtimeapi.PullImageRequest) (*runtimeapi.PullImageResponse, error) {
	image, err := s.options.Images.Pull(ctx, request.GetImage().GetImage())
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return &runtimeapi.PullImageResponse{ImageRef: image.ID}, nil
}

// ImageStatus tells about an image that is here; it has none otherwise.
func (s *Server) ImageStatus(_ context.Context, request *runtimeapi.ImageStatusRequest) (*runtimeapi.ImageStatusResponse, error) {
	image, ok := s.options.Images.Find(request.GetImage().GetImage())
	if !ok {
		return &runtimeapi.ImageStatusResponse{}, nil
	}
	return &runtimeapi.ImageStatusResponse{Image: describe(image)}, nil
}

// ListImages tells which images are here.
func (s *Server) ListImages(context.Context, *runtimeapi.ListImagesRequest) (*runtimeapi.ListImagesResponse, error) {
	response := &runtimeapi.ListImagesResponse{}
	for _, image := range s.options.Images.All() {
		response.Images = append(response.Images, describe(image))
	}
	return response, nil
}

func describe(image images.Image) *runtimeapi.Image {
	uid, _ := image.User()
	return &runtimeapi.Image{
		Id: image.ID, RepoTags: image.Names, RepoDigests: []string{image.Digest}, Size: uint64(image.Size),
		Uid: &runtimeapi.Int64Value{Value: uid},
	}
}

// RemoveImage keeps it: a machine is short-lived.
func (s *Server) RemoveImage(context.Context, *runtimeapi.RemoveImageRequest) (*runtimeapi.RemoveImageResponse, error) {
	return &runtimeapi.RemoveImageResponse{}, nil
}

// ImageFsInfo tells nothing: no disk is measured.
func (s *Server) ImageFsInfo(context.Context, *runtimeapi.ImageFsInfoRequest) (*runtimeapi.ImageFsInfoResponse, error) {
	return &runtimeapi.ImageFsInfoResponse{}, nil
}
