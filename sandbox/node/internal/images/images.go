// Package images pulls images from registries and unpacks them.
package images

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// ErrBadName means that a reference is not one that a registry could know.
var ErrBadName = errors.New("not the name of an image: write registry/repository:tag or registry/repository@sha256:digest")

// Image that is on this machine.
type Image struct {
	// ID is the digest of its configuration.
	ID string
	// Digest is what the registry knows it by, as repository@sha256:...
	Digest string
	// Names by which it was pulled.
	Names []string
	// Root is the directory with its files.
	Root string
	// Size of its layers in bytes, as they were pulled.
	Size int64
	// Config says which program it runs, and as whom.
	Config v1.Config
}

// User and group that its program runs as. Names count as root, as they would have to be looked up in the image.
func (i Image) User() (uid, gid int64) {
	user, group, _ := strings.Cut(i.Config.User, ":")
	uid, err := strconv.ParseInt(user, 10, 64)
	if err != nil {
		return 0, 0
	}
	gid, err = strconv.ParseInt(group, 10, 64)
	if err != nil {
		return uid, uid
	}
	return uid, gid
}

// Store keeps images below a directory. Safe for concurrent use.
type Store struct {
	dir, mirror string

	mu     sync.Mutex
	images map[string]*Image // by ID
}

// New returns a store without images. All registries are asked at the address mirror, if it is not empty: without TLS, as a
// registry on loopback is; those on loopback are always asked themselves.
func New(dir, mirror string) *Store {
	return &Store{dir: dir, mirror: mirror, images: map[string]*Image{}}
}

// Pull gets an image, unless it is here, and returns it.
func (s *Store) Pull(ctx context.Context, reference string) (Image, error) {
	asked, err := s.source(reference)
	if err != nil {
		return Image{}, err
	}
	pulled, err := remote.Image(asked, remote.WithContext(ctx), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		return Image{}, fmt.Errorf("pulling %s from %s: %w", reference, asked.Context().RegistryStr(), err)
	}
	image, err := describe(reference, pulled)
	if err != nil {
		return Image{}, fmt.Errorf("pulling %s: %w", reference, err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.images[image.ID]; ok {
		if !slices.Contains(known.Names, reference) {
			known.Names = append(known.Names, reference)
		}
		return *known, nil
	}
	image.Root = filepath.Join(s.dir, strings.TrimPrefix(image.ID, "sha256:"))
	files := mutate.Extract(pulled)
	defer files.Close()
	if err := unpack(files, image.Root); err != nil {
		return Image{}, errors.Join(fmt.Errorf("unpacking %s: %w", reference, err), os.RemoveAll(image.Root))
	}
	s.images[image.ID] = &image
	return image, nil
}

// source is where an image is asked for.
func (s *Store) source(reference string) (name.Reference, error) {
	parsed, err := name.ParseReference(reference)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: %w", reference, ErrBadName, err)
	}
	if s.mirror == "" || onLoopback(parsed.Context().RegistryStr()) {
		return parsed, nil
	}
	separator := ":"
	if _, byDigest := parsed.(name.Digest); byDigest {
		separator = "@"
	}
	return name.ParseReference(s.mirror+"/"+parsed.Context().RepositoryStr()+separator+parsed.Identifier(), name.Insecure)
}

func onLoopback(registry string) bool {
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry
	}
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

func describe(reference string, pulled v1.Image) (Image, error) {
	id, err := pulled.ConfigName()
	if err != nil {
		return Image{}, err
	}
	digest, err := pulled.Digest()
	if err != nil {
		return Image{}, err
	}
	config, err := pulled.ConfigFile()
	if err != nil {
		return Image{}, err
	}
	layers, err := pulled.Layers()
	if err != nil {
		return Image{}, err
	}
	image := Image{ID: id.String(), Names: []string{reference}, Config: config.Config}
	parsed, err := name.ParseReference(reference)
	if err != nil {
		return Image{}, err
	}
	image.Digest = parsed.Context().Name() + "@" + digest.String()
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return Image{}, err
		}
		image.Size += size
	}
	return image, nil
}

// Find returns an image by a name, digest or ID that it is known by.
func (s *Store) Find(reference string) (Image, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, image := range s.images {
		if image.ID == reference || image.Digest == reference || slices.Contains(image.Names, reference) {
			return *image, true
		}
	}
	return Image{}, false
}

// All images, in no order.
func (s *Store) All() []Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Image, 0, len(s.images))
	for _, image := range s.images {
		all = append(all, *image)
	}
	return all
}
