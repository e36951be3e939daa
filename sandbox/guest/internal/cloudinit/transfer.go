package cloudinit

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
)

// decodeTransfer undoes a MIME transfer encoding.
func decodeTransfer(body io.Reader, encoding string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "7bit", "8bit", "binary":
	case "base64":
		// The standard decoder skips line breaks by itself.
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	default:
		return nil, fmt.Errorf("%w: unknown transfer encoding", ErrMalformed)
	}
	decoded, err := io.ReadAll(io.LimitReader(body, maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("%w: its transfer encoding is damaged", ErrMalformed)
	}
	return decoded, nil
}
