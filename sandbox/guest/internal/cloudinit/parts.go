package cloudinit

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
)

// maxUnpacked bounds what a gzipped document may grow to.
const maxUnpacked = 16 << 20

// part is one piece of user-data after decoding.
type part struct {
	body     []byte
	script   bool
	jinja    bool
	mergeHow string
}

// Header lines by which cloud-init tells documents apart.
var (
	gzipMagic         = []byte{0x1f, 0x8b}
	jinjaHeader       = []byte("## template:")
	cloudConfigHeader = []byte("#cloud-config")
	scriptHeader      = []byte("#!")
)

// split decodes user-data into its parts.
func split(data []byte) ([]part, error) {
	if bytes.HasPrefix(data, gzipMagic) {
		unpacked, err := gunzip(data)
		if err != nil {
			return nil, err
		}
		data = unpacked
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	if isMultipart(data) {
		return splitMultipart(data)
	}
	single, err := identify(data)
	if err != nil {
		return nil, err
	}
	return []part{single}, nil
}

// identify tells by its first lines what a document is.
func identify(data []byte) (part, error) {
	found := part{body: data}
	if bytes.HasPrefix(data, jinjaHeader) {
		header, rest, _ := bytes.Cut(data, []byte("\n"))
		if !bytes.Contains(header, []byte("jinja")) {
			return part{}, fmt.Errorf("%w: unknown template language in its first line", ErrMalformed)
		}
		found.jinja, found.body = true, rest
	}
	switch {
	case bytes.HasPrefix(found.body, scriptHeader):
		found.script = true
	case bytes.HasPrefix(found.body, cloudConfigHeader) && !bytes.HasPrefix(found.body, []byte("#cloud-config-")):
	default:
		return part{}, fmt.Errorf("%w: its first line is neither #cloud-config nor #!; other kinds are not understood here", ErrMalformed)
	}
	return found, nil
}

func isMultipart(data []byte) bool {
	start := strings.ToLower(string(data[:min(len(data), 64)]))
	return strings.HasPrefix(start, "content-type: multipart/") || strings.HasPrefix(start, "mime-version:")
}

// splitMultipart decodes a MIME archive, nested ones included.
func splitMultipart(data []byte) ([]part, error) {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: unreadable MIME header", ErrMalformed)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || parameters["boundary"] == "" {
		return nil, fmt.Errorf("%w: a MIME archive without a boundary", ErrMalformed)
	}
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	var parts []part
	for {
		// Raw, so that every transfer encoding is undone in one place.
		raw, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: a MIME archive is cut short", ErrMalformed)
		}
		found, err := readMIMEPart(raw)
		if err != nil {
			return nil, fmt.Errorf("MIME part %d: %w", len(parts)+1, err)
		}
		parts = append(parts, found...)
	}
}

// readMIMEPart decodes one part. Its content decides what it is, as the header
// of a part is often just text/plain; only the way of merging is the header's.
func readMIMEPart(raw *multipart.Part) ([]part, error) {
	body, err := decodeTransfer(raw, raw.Header.Get("Content-Transfer-Encoding"))
	if err != nil {
		return nil, err
	}
	mediaType, _, err := mime.ParseMediaType(raw.Header.Get("Content-Type"))
	if err == nil && strings.HasPrefix(mediaType, "multipart/") {
		nested := append([]byte("Content-Type: "+raw.Header.Get("Content-Type")+"\r\n\r\n"), body...)
		return splitMultipart(nested)
	}
	if mediaType == "text/cloud-config" && !bytes.HasPrefix(body, jinjaHeader) && !bytes.HasPrefix(body, cloudConfigHeader) {
		body = append([]byte("#cloud-config\n"), body...)
	}
	parts, err := split(body)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		for _, header := range []string{"Merge-Type", "X-Merge-Type"} {
			if how := raw.Header.Get(header); how != "" {
				parts[i].mergeHow = how
			}
		}
	}
	return parts, nil
}

func gunzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: not gzip", ErrMalformed)
	}
	unpacked, err := io.ReadAll(io.LimitReader(reader, maxUnpacked+1))
	if err != nil {
		return nil, fmt.Errorf("%w: damaged gzip", ErrMalformed)
	}
	if len(unpacked) > maxUnpacked {
		return nil, fmt.Errorf("%w: larger than %d bytes unpacked", ErrMalformed, maxUnpacked)
	}
	return unpacked, nil
}
