package cloudinit_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
)

var instance = cloudinit.Instance{ID: "uid-1", Hostname: "demo-1"}

// sample is bootstrap data as the RKE2 provider v0.21.0 renders it, with
// placeholders for what differs from cluster to cluster.
func sample(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "rke2-v0.21.0", name+".yaml"))
	require.NoError(tb, err)
	return bytes.ReplaceAll(text, []byte("@@"), []byte("__"))
}

func paths(document cloudinit.Document) []string {
	var all []string
	for _, file := range document.Files {
		all = append(all, file.Path)
	}
	return all
}

func TestParseReadsTheProvidersOwnData(t *testing.T) {
	const tlsDir = "/var/lib/rancher/rke2/server/tls/"
	for name, test := range map[string]struct {
		files   []string
		service string
	}{
		"init": {[]string{
			"/etc/rancher/rke2/registries.yaml", "/var/lib/rancher/rke2/server/manifests/settings.yaml",
			tlsDir + "server-ca.crt", tlsDir + "server-ca.key", tlsDir + "client-ca.crt", tlsDir + "client-ca.key",
			tlsDir + "etcd/peer-ca.crt", tlsDir + "etcd/peer-ca.key", tlsDir + "etcd/server-ca.crt", tlsDir + "etcd/server-ca.key",
			"/etc/rancher/rke2/config.yaml",
		}, "rke2-server"},
		"join": {[]string{
			"/etc/rancher/rke2/registries.yaml", "/var/lib/rancher/rke2/server/manifests/settings.yaml", "/etc/rancher/rke2/config.yaml",
		}, "rke2-server"},
		"worker": {[]string{"/etc/rancher/rke2/registries.yaml", "/etc/rancher/rke2/config.yaml"}, "rke2-agent"},
	} {
		document, err := cloudinit.Parse(sample(t, name), instance)
		require.NoError(t, err, name)
		assert.Equal(t, test.files, paths(document), name)
		assert.Equal(t, "echo preparing", document.Commands[0])
		assert.Equal(t, "systemctl start "+test.service+".service", document.Commands[3])
		config := document.Files[len(document.Files)-1]
		assert.Contains(t, string(config.Content), "token: __token__\n")
		assert.EqualValues(t, 0o640, config.Permissions)
	}
}

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want cloudinit.Document
	}{
		"nothing":       {"", cloudinit.Document{}},
		"only space":    {" \n", cloudinit.Document{}},
		"an empty one":  {"#cloud-config\n", cloudinit.Document{}},
		"a null one":    {"#cloud-config\n---\n", cloudinit.Document{}},
		"a script":      {"#!/bin/sh\necho hi\n", cloudinit.Document{Commands: []string{"#!/bin/sh\necho hi\n"}}},
		"host name":     {"#cloud-config\nhostname: a\nfqdn: b.example.com\n", cloudinit.Document{Hostname: "a"}},
		"fqdn alone":    {"#cloud-config\nfqdn: b.example.com\n", cloudinit.Document{Hostname: "b"}},
		"packages":      {"#cloud-config\npackages: [a, [b, 1.0]]\n", cloudinit.Document{Packages: []string{"a", "b"}}},
		"both commands": {"#cloud-config\nruncmd: [echo a, [echo, b, 1]]\n", cloudinit.Document{Commands: []string{"echo a", "echo b 1"}}},
		"jinja": {
			"## template: jinja\n#cloud-config\nhostname: '{{ ds.meta_data.local_hostname }}'\nruncmd: ['echo {{v1.instance_id}} {{ v1.nope }}']\n",
			cloudinit.Document{Hostname: "demo-1", Commands: []string{"echo uid-1 CI_MISSING_JINJA_VAR/nope"}},
		},
		"braces without the header": {"#cloud-config\nruncmd: ['echo {{ v1.instance_id }}']\n", cloudinit.Document{Commands: []string{"echo {{ v1.instance_id }}"}}},
		"files": {
			"#cloud-config\nwrite_files:\n- {path: /a/../b, content: x, permissions: '0600', append: true}\n- {path: /c, encoding: b64, content: aGVsbG8=}\n- {path: /d, permissions: 0o644}\n",
			cloudinit.Document{Files: []cloudinit.File{
				{Path: "/b", Content: []byte("x"), Permissions: 0o600, Append: true},
				{Path: "/c", Content: []byte("hello")}, {Path: "/d", Content: []byte{}, Permissions: 0o644},
			}},
		},
	} {
		document, err := cloudinit.Parse([]byte(test.text), instance)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, document, name)
	}
}

func TestParseUnpacks(t *testing.T) {
	packed := gzipped(t, sample(t, "worker"))
	want, err := cloudinit.Parse(sample(t, "worker"), instance)
	require.NoError(t, err)
	document, err := cloudinit.Parse(packed, instance)
	require.NoError(t, err)
	assert.Equal(t, want, document)
}

func gzipped(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write(text)
	require.NoError(tb, err)
	require.NoError(tb, writer.Close())
	return packed.Bytes()
}

func TestParseRefusesAndNeverQuotes(t *testing.T) {
	const secret = "hunter2hunter2"
	for name, text := range map[string]string{
		"no header":          "write_files: []\n# " + secret,
		"an include":         "#include\nhttps://" + secret,
		"an archive":         "#cloud-config-archive\n- " + secret,
		"another template":   "## template: mako\n#cloud-config\n" + secret,
		"not a mapping":      "#cloud-config\n- " + secret,
		"no YAML":            "#cloud-config\na: [" + secret,
		"bad base64":         "#cloud-config\nwrite_files: [{path: /a, encoding: b64, content: '" + secret + "!'}]",
		"bad gzip":           "#cloud-config\nwrite_files: [{path: /a, encoding: gz, content: " + secret + "}]",
		"unknown encoding":   "#cloud-config\nwrite_files: [{path: /a, encoding: " + secret + "}]",
		"relative path":      "#cloud-config\nwrite_files: [{path: " + secret + "}]",
		"bad permissions":    "#cloud-config\nwrite_files: [{path: /a, permissions: '" + secret + "'}]",
		"huge permissions":   "#cloud-config\nwrite_files: [{path: /a, permissions: 99999}]\n# " + secret,
		"gzip magic alone":   "\x1f\x8b" + secret,
		"no boundary":        "Content-Type: multipart/mixed\n\n" + secret,
		"multipart cut off":  "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n#cloud-config\n" + secret,
		"unknown transfer":   "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Transfer-Encoding: " + secret + "\n\n\n--x--\n",
		"damaged transfer":   "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n" + secret + "!\n--x--\n",
		"unreadable headers": "MIME-Version: 1.0\n" + secret + "\n\n",
	} {
		_, err := cloudinit.Parse([]byte(text), instance)
		require.ErrorIs(t, err, cloudinit.ErrMalformed, name)
		assert.NotContains(t, err.Error(), secret, name)
	}
}

func TestInstalls(t *testing.T) {
	assert.True(t, cloudinit.Document{Packages: []string{"curl", "qemu-guest-agent"}}.Installs("qemu-guest-agent"))
	assert.True(t, cloudinit.Document{Commands: []string{"zypper in -y qemu-guest-agent"}}.Installs("qemu-guest-agent"))
	assert.False(t, cloudinit.Document{Packages: []string{"qemu"}}.Installs("qemu-guest-agent"))
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"init", "join", "worker"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte("#cloud-config\nmerge_how: list(append)\nruncmd: [a]\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/cloud-config\n\na: 1\n--x--\n"))
	f.Add(gzipped(f, []byte("#!/bin/sh\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		document, err := cloudinit.Parse(data, instance)
		if err != nil {
			require.ErrorIs(t, err, cloudinit.ErrMalformed)
			return
		}
		for _, file := range document.Files {
			assert.True(t, strings.HasPrefix(file.Path, "/"))
			assert.NotContains(t, file.Path, "/../", "a file leads out of the disk")
		}
	})
}
