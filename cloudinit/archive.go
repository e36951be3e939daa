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

// The merge types say how cloud-init joins a part of ours to what came before.
const (
	// mergeType joins lists with ours first and mappings key by key, and leaves single values as they were.
	mergeType = "list(prepend)+dict(no_replace,recurse_list)+str()"
	// fallbackType takes a value of ours only where there is none.
	fallbackType = "list()+dict(no_replace)+str()"
	// appendType joins lists with ours last: of two entries of one user, cloud-init takes each value from the first.
	appendType = "list(append)+dict(no_replace,recurse_list)+str()"
)

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

// archive puts the bootstrap data first and our parts behind it, since the merge type of a part says how that part joins
// those before it. The boundary is derived from the content, so that equal input gives equal bytes.
func archive(bootstrap []byte, ours Config) ([]byte, error) {
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
	our, err := ours.parts(bootstrap)
	if err != nil {
		return nil, err
	}
	parts = append(parts, our...)
	boundary := boundaryFor(parts)
	var out bytes.Buffer
	fmt.Fprintf(&out, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n\n", boundary)
	for _, part := range parts {
		fmt.Fprintf(&out, "--%s\n%s\n", boundary, part)
	}
	fmt.Fprintf(&out, "--%s--\n", boundary)
	return out.Bytes(), nil
}

// parts are ours, to go behind the bootstrap data in an archive. Where that may list our user too, the user goes into parts
// of its own: the default user only if the bootstrap data lists no users at all, and ours behind theirs, so that their
// values stay. No merge type joins the lists within two entries, so a command adds our SSH keys to theirs; they stand in
// the entry as well unless the bootstrap data is known to name the user, whose entry they could then spoil.
func (c Config) parts(bootstrap []byte) ([][]byte, error) {
	listed := listsNot
	if c.User != "" {
		listed = listingOf(bootstrap, c.User)
	}
	if listed == listsNot {
		ours, err := configPart("infrastructure", mergeType, c.cloudConfig())
		return [][]byte{ours}, err
	}
	rest, user := c, c
	rest.User, rest.SSHAuthorizedKeys = "", nil
	if len(c.SSHAuthorizedKeys) > 0 {
		rest.RunCommands = slices.Concat([][]string{c.authorizeCommand()}, c.RunCommands)
	}
	if listed == mentionsIt {
		user.SSHAuthorizedKeys = nil
	}
	var parts [][]byte
	for _, each := range []struct {
		name, merge string
		content     *yaml.Node
	}{
		{"infrastructure", mergeType, rest.cloudConfig()},
		{"default-user", fallbackType, usersOnly(plain(defaultUser))},
		{"user", appendType, usersOnly(user.userEntry())},
	} {
		if len(each.content.Content) == 0 {
			continue
		}
		ours, err := configPart(each.name, each.merge, each.content)
		if err != nil {
			return nil, err
		}
		parts = append(parts, ours)
	}
	return parts, nil
}

func usersOnly(entry *yaml.Node) *yaml.Node {
	root := mapping()
	add(root, "users", list(entry))
	return root
}

func configPart(name, merge string, content *yaml.Node) ([]byte, error) {
	text, err := document(configHeader, content)
	return part(cloudConfigType, name, merge, text), err
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
