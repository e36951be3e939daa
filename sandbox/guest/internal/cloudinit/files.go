package cloudinit

import (
	"encoding/base64"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// readFiles decodes write_files.
func readFiles(value any) ([]File, error) {
	var files []File
	for i, entry := range list(value) {
		fields := mapping(entry)
		name := text(fields["path"])
		if !path.IsAbs(name) {
			return nil, fmt.Errorf("%w: write_files[%d] has no absolute path", ErrMalformed, i)
		}
		content, err := decodeContent(text(fields["content"]), text(fields["encoding"]))
		if err != nil {
			return nil, fmt.Errorf("write_files[%d]: %w", i, err)
		}
		permissions, err := parsePermissions(fields["permissions"])
		if err != nil {
			return nil, fmt.Errorf("write_files[%d]: %w", i, err)
		}
		appended, _ := fields["append"].(bool)
		files = append(files, File{Path: path.Clean(name), Content: content, Permissions: permissions, Append: appended})
	}
	return files, nil
}

// decodeContent undoes the encodings that cloud-init knows by name.
func decodeContent(content, encoding string) ([]byte, error) {
	body := []byte(content)
	var zipped, coded bool
	switch strings.ToLower(encoding) {
	case "", "text/plain":
	case "b64", "base64":
		coded = true
	case "gz", "gzip":
		zipped = true
	case "gz+base64", "gzip+base64", "gz+b64", "gzip+b64":
		zipped, coded = true, true
	default:
		return nil, fmt.Errorf("%w: unknown encoding of a file", ErrMalformed)
	}
	if coded {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content), ""))
		if err != nil {
			return nil, fmt.Errorf("%w: content is not base64", ErrMalformed)
		}
		body = decoded
	}
	if zipped {
		return gunzip(body)
	}
	return body, nil
}

// parsePermissions reads octal text; a plain YAML number was octal already.
func parsePermissions(value any) (uint32, error) {
	switch typed := value.(type) {
	case nil:
		return 0, nil
	case string:
		mode, err := strconv.ParseUint(strings.TrimPrefix(typed, "0o"), 8, 12)
		if err != nil {
			return 0, fmt.Errorf("%w: permissions are not an octal number", ErrMalformed)
		}
		return uint32(mode), nil
	case int:
		if typed < 0 || typed > 0o7777 {
			return 0, fmt.Errorf("%w: permissions out of range", ErrMalformed)
		}
		return uint32(typed), nil
	default:
		return 0, fmt.Errorf("%w: permissions are not a number", ErrMalformed)
	}
}
