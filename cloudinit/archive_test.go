package cloudinit

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type mimePart struct {
	contentType, mergeType string
	body                   []byte
}

// parts reads an archive with the standard library, which knows nothing of the writer.
func parts(t *testing.T, contentType string, body io.Reader) []mimePart {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	reader := multipart.NewReader(body, parameters["boundary"])
	var found []mimePart
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		kind := part.Header.Get("Content-Type")
		if strings.HasPrefix(kind, "multipart/") {
			found = append(found, parts(t, kind, part)...)
			continue
		}
		content, err := io.ReadAll(part)
		require.NoError(t, err)
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			content, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(content), "\n", ""))
			require.NoError(t, err)
		}
		found = append(found, mimePart{kind, part.Header.Get("Merge-Type"), content})
	}
}

func partsOf(t *testing.T, archive []byte) []mimePart {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(string(archive)))
	require.NoError(t, err)
	return parts(t, message.Header.Get("Content-Type"), message.Body)
}

func firstPart(t *testing.T, archive []byte) []byte {
	t.Helper()
	return partsOf(t, archive)[0].body
}

func TestArchiveHasTheRightTypes(t *testing.T) {
	for start, want := range map[string]string{
		"#!/bin/sh\n":               "text/x-shellscript",
		"\n #!/bin/sh\n":            "text/x-shellscript",
		"#cloud-boothook\n":         "text/cloud-boothook",
		"#Include-Once\nhttp://x/":  "text/x-include-once-url",
		"#include\nhttp://x/":       "text/x-include-url",
		"#part-handler\n":           "text/part-handler",
		"#cloud-config-archive\n[]": "text/cloud-config-archive",
		"#cloud-config-jsonp\n[]":   "text/cloud-config-jsonp",
		"## template: jinja\n#!/x":  "text/jinja2",
	} {
		rendered, err := RenderUserData(full(), []byte(start))
		require.NoError(t, err, start)
		found := partsOf(t, rendered)
		wanted := 2
		if strings.Contains(want, "url") || strings.Contains(want, "handler") {
			wanted = 4 // what it brings is known in the guest only, so the user has parts of its own
		}
		require.Len(t, found, wanted, start)
		assert.Equal(t, want+`; charset="utf-8"`, found[0].contentType)
		assert.Equal(t, start, string(found[0].body), "the bootstrap data is carried byte for byte")
		assert.Empty(t, found[0].mergeType)
		assert.Equal(t, `text/cloud-config; charset="utf-8"`, found[1].contentType)
		assert.Equal(t, mergeType, found[1].mergeType)
		assert.True(t, strings.HasPrefix(string(found[1].body), "#cloud-config\n"))
	}
}

func TestArchiveInArchive(t *testing.T) {
	rendered, err := RenderUserData(full(), read(t, "testdata/bootstrap/archive.mime"))
	require.NoError(t, err)
	found := partsOf(t, rendered)
	require.Len(t, found, 3)
	assert.Equal(t, "#!/bin/sh\necho in an archive > /root/marker\n", string(found[0].body))
	assert.Equal(t, "#cloud-config\nruncmd:\n  - [echo, archived]\n", string(found[1].body))
}

func TestBoundaryIsInNoPart(t *testing.T) {
	first := boundaryFor([][]byte{[]byte("a")})
	parts := [][]byte{[]byte("a"), []byte(first)}
	for _, part := range parts {
		assert.NotContains(t, string(part), boundaryFor(parts))
	}
}
