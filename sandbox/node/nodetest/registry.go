package nodetest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Registry of images on loopback, gone with the test.
type Registry struct{ Address string }

// NewRegistry starts an empty one.
func NewRegistry(t *testing.T) Registry {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir()))))
	t.Cleanup(server.Close)
	return Registry{Address: strings.TrimPrefix(server.URL, "http://")}
}

// Program says what an image has.
type Program struct {
	// File on this machine that becomes the image's only file, at Path.
	File, Path string
	// User as in an image's configuration, such as 65532:65532; root when empty.
	User string
}

// Push makes an image of a program and puts it into the registry, under its repository and tag there, such as
// jetstack/cert-manager-webhook:v1.21.2. It returns the digest.
func (r Registry) Push(reference string, program Program) (string, error) {
	image, err := imageOf(program)
	if err != nil {
		return "", fmt.Errorf("making an image of %s: %w", program.File, err)
	}
	target, err := name.ParseReference(r.Address+"/"+reference, name.Insecure)
	if err != nil {
		return "", err
	}
	if err := remote.Write(target, image); err != nil {
		return "", fmt.Errorf("pushing %s: %w", reference, err)
	}
	digest, err := image.Digest()
	return digest.String(), err
}

func imageOf(program Program) (v1.Image, error) {
	content, err := os.ReadFile(program.File)
	if err != nil {
		return nil, err
	}
	var files bytes.Buffer
	archive := tar.NewWriter(&files)
	header := &tar.Header{Name: strings.TrimPrefix(program.Path, "/"), Typeflag: tar.TypeReg, Mode: 0o555, Size: int64(len(content))}
	if err := archive.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := archive.Write(content); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(files.Bytes(), types.DockerUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{Entrypoint: []string{program.Path}, User: program.User}
	return mutate.ConfigFile(image, config)
}
