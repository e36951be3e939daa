package images

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// archive of entries, whose content is their name.
func archive(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range entries {
		content := ""
		if header.Typeflag == tar.TypeReg {
			content = header.Name
		}
		header.Size = int64(len(content))
		require.NoError(t, writer.WriteHeader(&header))
		_, err := io.WriteString(writer, content)
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	return buffer.Bytes()
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "root")
	require.NoError(t, unpack(bytes.NewReader(archive(t,
		tar.Header{Name: "./ko-app/manager", Typeflag: tar.TypeReg, Mode: 0o555},
		tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "manager", Typeflag: tar.TypeSymlink, Linkname: "ko-app/manager"},
		tar.Header{Name: "same", Typeflag: tar.TypeLink, Linkname: "/ko-app/manager"},
		tar.Header{Name: "dev/null", Typeflag: tar.TypeChar},
	)), dir))
	for _, path := range []string{"ko-app/manager", "manager", "same"} {
		text, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		assert.Equal(t, "./ko-app/manager", string(text), path)
	}
	info, err := os.Stat(filepath.Join(dir, "ko-app", "manager"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o555), info.Mode())
	assert.DirExists(t, filepath.Join(dir, "etc"))
	assert.NoFileExists(t, filepath.Join(dir, "dev", "null"))
}

// TestNothingIsUnpackedElsewhere: neither by a path nor through a link.
func TestNothingIsUnpackedElsewhere(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "root")
	require.NoError(t, unpack(bytes.NewReader(archive(t, tar.Header{Name: "../outside", Typeflag: tar.TypeReg, Mode: 0o644})), dir))
	assert.NoFileExists(t, filepath.Join(above, "outside"))
	assert.FileExists(t, filepath.Join(dir, "outside"))

	require.Error(t, unpack(bytes.NewReader(archive(t,
		tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: above},
		tar.Header{Name: "out/escaped", Typeflag: tar.TypeReg, Mode: 0o644},
	)), dir))
	assert.NoFileExists(t, filepath.Join(above, "escaped"))
}

// push puts an image of one file into a registry on loopback and returns the registry's address and the image's digest.
func push(t *testing.T, repository string) (address, digest string) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	address = strings.TrimPrefix(server.URL, "http://")
	layer := static.NewLayer(archive(t, tar.Header{Name: "program", Typeflag: tar.TypeReg, Mode: 0o755}), types.DockerUncompressedLayer)
	image, err := mutate.AppendLayers(empty.Image, layer)
	require.NoError(t, err)
	image, err = mutate.Config(image, v1.Config{Entrypoint: []string{"/program"}, User: "65532:65533"})
	require.NoError(t, err)
	reference, err := name.ParseReference(address + "/" + repository)
	require.NoError(t, err)
	require.NoError(t, remote.Write(reference, image))
	hash, err := image.Digest()
	require.NoError(t, err)
	return address, hash.String()
}

func TestPull(t *testing.T) {
	address, digest := push(t, "jetstack/controller:v1")
	mirrored, own := New(t.TempDir(), address), New(t.TempDir(), "")
	for name, test := range map[string]struct {
		store     *Store
		reference string
	}{
		"by tag":                    {mirrored, "quay.io/jetstack/controller:v1"},
		"by digest":                 {mirrored, "quay.io/jetstack/controller@" + digest},
		"a registry on loopback":    {own, address + "/jetstack/controller:v1"},
		"a registry by its address": {mirrored, address + "/jetstack/controller@" + digest},
	} {
		t.Run(name, func(t *testing.T) {
			image, err := test.store.Pull(t.Context(), test.reference)
			require.NoError(t, err)
			assert.FileExists(t, filepath.Join(image.Root, "program"))
			assert.Equal(t, []string{"/program"}, image.Config.Entrypoint)
			uid, gid := image.User()
			assert.Equal(t, []int64{65532, 65533}, []int64{uid, gid})
			for _, known := range []string{test.reference, image.ID, image.Digest} {
				found, ok := test.store.Find(known)
				require.True(t, ok, known)
				assert.Equal(t, image.ID, found.ID)
			}
		})
	}
	assert.Len(t, mirrored.All(), 1, "the same image by several names")
}

func TestPullSaysWhatIsWrong(t *testing.T) {
	address, _ := push(t, "jetstack/controller:v1")
	store := New(t.TempDir(), address)
	_, err := store.Pull(t.Context(), "quay.io/jetstack/absent:v1")
	require.ErrorContains(t, err, "quay.io/jetstack/absent:v1")
	require.ErrorContains(t, err, address)
	_, err = store.Pull(t.Context(), "not a name")
	require.ErrorIs(t, err, ErrBadName)
	assert.Empty(t, store.All())
}
