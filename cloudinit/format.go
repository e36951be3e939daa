package cloudinit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// format is what cloud-init takes a payload for, by how it begins.
type format struct {
	// prefix is compared in lower case after leading white space, as cloud-init's type_from_starts_with does.
	prefix string
	// contentType is the MIME type by which a part of that format is handled.
	contentType string
}

const (
	cloudConfigType = "text/cloud-config"
	jinjaType       = "text/jinja2"
	jinjaHeader     = "## template: jinja"
	configHeader    = "#cloud-config"
)

// formats are those of cloud-init 22.4 to 26.2, the longest prefix first where one begins another.
var formats = []format{
	{jinjaHeader, jinjaType},
	{"#cloud-config-archive", "text/cloud-config-archive"},
	{"#cloud-config-jsonp", "text/cloud-config-jsonp"},
	{configHeader, cloudConfigType},
	{"#cloud-boothook", "text/cloud-boothook"},
	{"#include-once", "text/x-include-once-url"},
	{"#include", "text/x-include-url"},
	{"#part-handler", "text/part-handler"},
	{"#!", "text/x-shellscript"},
}

// contentTypeOf is the MIME type of a payload, or "" if cloud-init knows none. An archive is not a payload.
func contentTypeOf(data []byte) string {
	text := bytes.ToLower(bytes.TrimLeft(head(data), " \t\r\n\v\f"))
	for _, known := range formats {
		if bytes.HasPrefix(text, []byte(known.prefix)) {
			return known.contentType
		}
	}
	return ""
}

// isArchive recognises a MIME message by its first header field.
func isArchive(data []byte) bool {
	text := strings.ToLower(string(bytes.TrimLeft(head(data), " \t\r\n")))
	return strings.HasPrefix(text, "content-type: multipart/") || strings.HasPrefix(text, "mime-version:") ||
		strings.HasPrefix(text, "content-type:multipart/")
}

func head(data []byte) []byte { return data[:min(len(data), 512)] }

// unwrap removes the encodings in which bootstrap data may travel: gzip and base64, also one within the other.
func unwrap(data []byte) ([]byte, error) {
	const layers = 3
	for range layers {
		switch {
		case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
			plain, err := gunzip(data)
			if err != nil {
				return nil, err
			}
			data = plain
		case contentTypeOf(data) == "" && !isArchive(data):
			plain, ok := decodeBase64(data)
			if !ok {
				return data, nil
			}
			data = plain
		default:
			return data, nil
		}
	}
	return data, nil
}

// gunzip stops beyond what a Secret can hold, so that a small input cannot fill the memory.
func gunzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: its gzip header is broken", ErrInvalidBootstrapData)
	}
	plain, err := io.ReadAll(io.LimitReader(reader, MaxSecretSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: its gzip stream is broken", ErrInvalidBootstrapData)
	}
	if len(plain) > MaxSecretSize {
		return nil, fmt.Errorf("%w: the bootstrap data unpacks to more than %d bytes", ErrTooLarge, MaxSecretSize)
	}
	return plain, nil
}

func decodeBase64(data []byte) ([]byte, bool) {
	text := strings.Join(strings.Fields(string(data)), "")
	plain, err := base64.StdEncoding.DecodeString(text)
	return plain, err == nil && len(plain) > 0
}
