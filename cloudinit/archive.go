package cloudinit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"net/textproto"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mergeType makes cloud-init join our part to what came before: lists with ours first, mappings key by key, and single
// values as they were.
const mergeType = "list(prepend)+dict(no_replace,recurse_list)+str()"

// document writes a mapping below its header line.
func document(header string, root *yaml.Node) ([]byte, error) {
	if len(root.Content) == 0 {
		return []byte(header + "\n"), nil
	}
	body, err := encode(root)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(header+"\n"), body), nil
}

// archive puts the bootstrap data first and our part second, since the merge type of a part says how that part joins
// those before it. The boundary is derived from the content, so that equal input gives equal bytes.
func archive(bootstrap, ours []byte) ([]byte, error) {
	var parts [][]byte
	if isArchive(bootstrap) {
		inner, err := nested(bootstrap)
		if err != nil {
			return nil, err
		}
		parts = append(parts, inner)
	} else {
		parts = append(parts, part(contentTypeOf(bootstrap), "bootstrap", "", bootstrap))
	}
	parts = append(parts, part(cloudConfigType, "infrastructure", mergeType, ours))
	boundary := boundaryFor(parts)
	var out bytes.Buffer
	fmt.Fprintf(&out, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n\n", boundary)
	for _, part := range parts {
		fmt.Fprintf(&out, "--%s\n%s\n", boundary, part)
	}
	fmt.Fprintf(&out, "--%s--\n", boundary)
	return out.Bytes(), nil
}

// part is base64 throughout: no line ending, line length or character can then get lost on the way.
func part(contentType, name, merge string, data []byte) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Content-Type: %s; charset=\"utf-8\"\nContent-Transfer-Encoding: base64\n", contentType)
	fmt.Fprintf(&out, "Content-Disposition: attachment; filename=\"%s\"\n", name)
	if merge != "" {
		fmt.Fprintf(&out, "Merge-Type: %s\n", merge)
	}
	out.WriteString("\n")
	const width = 76
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(data)), width) {
		out.Write(line)
		out.WriteString("\n")
	}
	return out.Bytes()
}

// nested turns a MIME message into a part: cloud-init walks through archives in archives. The body stays as it is.
func nested(message []byte) ([]byte, error) {
	message = bytes.TrimLeft(message, " \t\r\n")
	buffered := bufio.NewReader(bytes.NewReader(message))
	headers, err := textproto.NewReader(buffered).ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("%w: the header of its MIME archive is broken", ErrInvalidBootstrapData)
	}
	kind, parameters, err := mime.ParseMediaType(headers.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || parameters["boundary"] == "" {
		return nil, fmt.Errorf("%w: its MIME message is not a multipart archive", ErrInvalidBootstrapData)
	}
	var body bytes.Buffer
	if _, err := buffered.WriteTo(&body); err != nil {
		return nil, fmt.Errorf("%w: the body of its MIME archive is broken", ErrInvalidBootstrapData)
	}
	if !bytes.Contains(body.Bytes(), []byte("--"+parameters["boundary"])) {
		return nil, fmt.Errorf("%w: its MIME archive has no parts", ErrInvalidBootstrapData)
	}
	header := "Content-Type: " + mime.FormatMediaType(kind, parameters) + "\n\n"
	return slices.Concat([]byte(header), body.Bytes()), nil
}

// boundaryFor finds a line that is in none of the parts.
func boundaryFor(parts [][]byte) string {
	sum := sha256.Sum256(slices.Concat(parts...))
	for {
		boundary := fmt.Sprintf("=_%x", sum[:16])
		if !slices.ContainsFunc(parts, func(part []byte) bool { return bytes.Contains(part, []byte(boundary)) }) {
			return boundary
		}
		sum = sha256.Sum256(sum[:])
	}
}
