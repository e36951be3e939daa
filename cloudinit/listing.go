package cloudinit

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
)

// listing says whether bootstrap data may list a user in a way that can be seen before the guest reads it.
type listing int

const (
	listsNot   listing = iota // it has no users, or none of that name
	mayList                   // what it holds is known in the guest only
	mentionsIt                // the name is in it
)

// listingOf looks for a user's name in bootstrap data, in every part of an archive. It may find a name that is there for
// another reason, but misses none that is there for this one.
func listingOf(data []byte, user string) listing {
	if isArchive(data) {
		return listingOfMessage(bytes.TrimLeft(data, " \t\r\n"), user)
	}
	kind := contentTypeOf(data)
	switch kind {
	case "text/x-shellscript", "text/cloud-boothook":
		return listsNot
	case "text/x-include-url", "text/x-include-once-url", "text/part-handler", "":
		return mayList
	}
	switch {
	case bytes.Contains(data, []byte(user)):
		return mentionsIt
	case !bytes.Contains(data, []byte("users")):
		return listsNot
	case kind == jinjaType || bytes.Contains(data, []byte(`\`)): // a template or an escape may spell the name
		return mayList
	}
	return listsNot
}

// listingOfMessage reads a MIME message, which may hold further ones. What cannot be read could be anything.
func listingOfMessage(message []byte, user string) listing {
	buffered := bufio.NewReader(bytes.NewReader(message))
	headers, err := textproto.NewReader(buffered).ReadMIMEHeader()
	if err != nil {
		return mayList
	}
	return listingOfPart(headers, buffered, user)
}

func listingOfPart(headers textproto.MIMEHeader, body io.Reader, user string) listing {
	kind, parameters, err := mime.ParseMediaType(headers.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		return listingOfParts(multipart.NewReader(body, parameters["boundary"]), user)
	}
	content, err := io.ReadAll(decoded(headers.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return mayList
	}
	content, err = unwrap(content)
	if err != nil {
		return mayList
	}
	return listingOf(content, user)
}

func listingOfParts(reader *multipart.Reader, user string) listing {
	found := listsNot
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			return max(found, mayList)
		}
		found = max(found, listingOfPart(part.Header, part, user))
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}
