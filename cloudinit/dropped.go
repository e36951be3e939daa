package cloudinit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// verifyRead refuses a #cloud-config, as such, as a jinja template or as a part of an archive, that cloud-init would warn of
// and drop: the guest would come up without its bootstrap. It refuses what is certain only: a template with statements is
// known in the guest alone.
func verifyRead(data []byte) error {
	if isArchive(data) {
		return verifyMessage(bytes.TrimLeft(data, " \t\r\n"))
	}
	switch contentTypeOf(data) {
	case cloudConfigType:
		_, err := parse(data)
		return err
	case jinjaType:
		if _, isConfig := cloudConfigHeader(data); isConfig {
			return verifyTemplate(data)
		}
	}
	return nil
}

// substitutes are what an expression may become: a word, nothing, an entry of a mapping, an item of a list.
var substitutes = []string{"x", "", "x: x", "- x"}

// verifyTemplate refuses a template that is not YAML whatever its expressions become. Its lines stay where they are.
func verifyTemplate(template []byte) error {
	if err := verifyDelimiters(template); err != nil {
		return err
	}
	if !mergeableTemplate(template) {
		return nil
	}
	var first error
	for _, substitute := range substitutes {
		rendered := expression.ReplaceAllFunc(template, func(found []byte) []byte {
			return append([]byte(substitute), bytes.Repeat([]byte("\n"), bytes.Count(found, []byte("\n")))...)
		})
		_, err := parse(rendered)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// verifyMessage looks at every part of a MIME message. What cannot be read is for the guest to decide.
func verifyMessage(message []byte) error {
	buffered := bufio.NewReader(bytes.NewReader(message))
	headers, err := textproto.NewReader(buffered).ReadMIMEHeader()
	if err != nil {
		return nil //nolint:nilerr // what cannot be read is for the guest to decide
	}
	return verifyPart(headers, buffered)
}

func verifyPart(headers textproto.MIMEHeader, body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(headers.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		return verifyParts(multipart.NewReader(body, parameters["boundary"]))
	}
	content, err := io.ReadAll(decoded(headers.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return nil //nolint:nilerr // what cannot be read is for the guest to decide
	}
	if content, err = unwrap(content); err != nil {
		return nil //nolint:nilerr // what cannot be read is for the guest to decide
	}
	return verifyRead(content)
}

func verifyParts(reader *multipart.Reader) error {
	for number := 1; ; number++ {
		part, err := reader.NextRawPart()
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is for the guest to decide
		}
		err = verifyPart(part.Header, part)
		if errors.Is(err, ErrInvalidBootstrapData) {
			return fmt.Errorf("part %d of its archive: %w", number, err)
		}
	}
}
