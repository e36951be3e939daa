package cloudinit_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
)

// archive makes a MIME multipart of parts, each with its own headers.
func archive(parts ...string) []byte {
	var text strings.Builder
	text.WriteString("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=BOUNDARY=\"\n\n")
	for _, part := range parts {
		fmt.Fprintf(&text, "--=BOUNDARY=\n%s\n", part)
	}
	text.WriteString("--=BOUNDARY=--\n")
	return []byte(text.String())
}

func cloudConfig(headers, body string) string {
	return "Content-Type: text/cloud-config\n" + headers + "\n" + body
}

func TestPartsAreMergedAsCloudInitMergesThem(t *testing.T) {
	for name, test := range map[string]struct {
		first, second string
		want          []string
	}{
		"a later part replaces whole keys": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("", "runcmd: [b]\n"), []string{"b"}},
		"what the later part lacks stays": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("", "packages: [p]\n"), []string{"a"}},
		"append, by the part itself": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("", "merge_how: 'list(append)+dict(recurse_list)+str()'\nruncmd: [b]\n"), []string{"a", "b"}},
		"append, by the list form": {
			cloudConfig("", "runcmd: [a]\n"),
			cloudConfig("", "merge_how:\n- {name: list, settings: [append]}\n- {name: dict, settings: [no_replace, recurse_list]}\nruncmd: [b]\n"), []string{"a", "b"}},
		"append, by the MIME header": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("X-Merge-Type: list(append)+dict(recurse_list)\n", "runcmd: [b]\n"), []string{"a", "b"}},
		"prepend": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("Merge-Type: list(prepend)+dict(recurse_list)\n", "runcmd: [b]\n"), []string{"b", "a"}},
		"no_replace of a list": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("Merge-Type: list(no_replace)+dict(recurse_list)\n", "runcmd: [b]\n"), []string{"a"}},
		"dict() alone keeps the earlier": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("Merge-Type: dict()\n", "runcmd: [b]\n"), []string{"a"}},
		"item by item": {
			cloudConfig("", "runcmd: [a, c]\n"), cloudConfig("Merge-Type: list()+dict(recurse_list)\n", "runcmd: [b]\n"), []string{"b", "c"}},
		"texts append": {
			cloudConfig("", "runcmd: [a]\n"), cloudConfig("Merge-Type: list(replace,recurse_str)+dict(recurse_list)+str(append)\n", "runcmd: [b]\n"), []string{"ab"}},
		"scripts run last": {
			"Content-Type: text/x-shellscript\n\n#!/bin/sh\n", cloudConfig("", "runcmd: [b]\n"), []string{"b", "#!/bin/sh\n"}},
	} {
		document, err := cloudinit.Parse(archive(test.first, test.second), instance)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, document.Commands, name)
	}
}

func TestMappingsGoIntoEachOther(t *testing.T) {
	document, err := cloudinit.Parse(archive(
		cloudConfig("", "write_files: [{path: /a, content: x}]\n"),
		cloudConfig("Merge-Type: list(replace,recurse_dict)+dict(recurse_list,recurse_str)+str(append)\n", "write_files: [{content: y, permissions: '0600'}]\n"),
	), instance)
	require.NoError(t, err)
	assert.Equal(t, []cloudinit.File{{Path: "/a", Content: []byte("xy"), Permissions: 0o600}}, document.Files)
}

func TestPartsAreDecoded(t *testing.T) {
	body := "#cloud-config\nruncmd: [a]\n"
	encoded := base64.StdEncoding.EncodeToString([]byte(body))
	for name, text := range map[string][]byte{
		"base64":           archive("Content-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n" + encoded[:8] + "\n" + encoded[8:]),
		"quoted-printable": archive("Content-Type: text/cloud-config\nContent-Transfer-Encoding: quoted-printable\n\n#cloud-config\nruncmd: [=61]"),
		"plain text":       archive("Content-Type: text/plain\n\n" + body),
		"without its line": archive("Content-Type: text/cloud-config\n\nruncmd: [a]\n"),
		"gzip in base64": archive("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(gzipped(t, []byte(body)))),
		"nested": archive("Content-Type: multipart/mixed; boundary=inner\n\n--inner\nContent-Type: text/cloud-config\n\n" + body + "--inner--\n"),
		"jinja":  archive("Content-Type: text/cloud-config\n\n## template: jinja\n#cloud-config\nruncmd: [a]\n"),
	} {
		document, err := cloudinit.Parse(text, instance)
		require.NoError(t, err, name)
		assert.Equal(t, []string{"a"}, document.Commands, name)
	}
}
