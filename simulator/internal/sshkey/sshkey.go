// Package sshkey reads public keys in OpenSSH's authorized_keys form, as far as Harvester looks at them.
package sshkey

import (
	"crypto/ed25519"
	"crypto/md5" //nolint:gosec // Harvester's fingerprints are MD5
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrInvalid is returned for a text that is no public key.
var ErrInvalid = errors.New("key is not in valid OpenSSH public key format")

// Parse returns the algorithm and the key's bytes. Options before the algorithm are not understood.
func Parse(text string) (algorithm string, blob []byte, err error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return "", nil, ErrInvalid
	}
	blob, err = base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(blob) < 4 {
		return "", nil, ErrInvalid
	}
	// The key begins with the algorithm's name again, after its length.
	length := binary.BigEndian.Uint32(blob)
	if uint64(length) > uint64(len(blob)-4) || string(blob[4:4+length]) != fields[0] {
		return "", nil, ErrInvalid
	}
	return fields[0], blob, nil
}

// Fingerprint is the legacy MD5 form that Harvester puts into a key pair's status.
func Fingerprint(blob []byte) string {
	sum := md5.Sum(blob) //nolint:gosec // Harvester's fingerprints are MD5
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02x", b)
	}
	return strings.Join(parts, ":")
}

// Generate makes a key pair and returns its public half; the private one is thrown away, since nobody logs in to a
// machine that is not there.
func Generate(random io.Reader, comment string) (string, error) {
	public, _, err := ed25519.GenerateKey(random)
	if err != nil {
		return "", fmt.Errorf("generate SSH key: %w", err)
	}
	const algorithm = "ssh-ed25519"
	var blob []byte
	for _, part := range [][]byte{[]byte(algorithm), public} {
		blob = binary.BigEndian.AppendUint32(blob, uint32(len(part)))
		blob = append(blob, part...)
	}
	return fmt.Sprintf("%s %s %s", algorithm, base64.StdEncoding.EncodeToString(blob), comment), nil
}
