package sshkey_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/sshkey"
)

// known is a key whose fingerprint `ssh-keygen -E md5 -l` tells.
const known = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJlVcVX8Xh0b7zJ7hG0m3gF8eJ1p2q3r4s5t6u7v8w9x someone@example.com"

func TestGeneratedKeysParse(t *testing.T) {
	text, err := sshkey.Generate(rand.Reader, "capi@sandbox")
	require.NoError(t, err)
	algorithm, blob, err := sshkey.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, "ssh-ed25519", algorithm)
	assert.Len(t, blob, 51)
	assert.Regexp(t, `^([0-9a-f]{2}:){15}[0-9a-f]{2}$`, sshkey.Fingerprint(blob))
}

func TestParse(t *testing.T) {
	_, _, err := sshkey.Parse(known)
	require.NoError(t, err)
	for _, text := range []string{
		"", "ssh-ed25519", "ssh-ed25519 %%%", "ssh-ed25519 AAAA",
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJlVcVX8Xh0b7zJ7hG0m3gF8eJ1p2q3r4s5t6u7v8w9x",
		"-----BEGIN PUBLIC KEY-----",
	} {
		_, _, err := sshkey.Parse(text)
		require.ErrorIs(t, err, sshkey.ErrInvalid, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(known)
	f.Add("ssh-ed25519 AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		algorithm, blob, err := sshkey.Parse(text)
		if err == nil && (algorithm == "" || len(blob) < 4+len(algorithm)) {
			t.Fatalf("accepted %q", text)
		}
	})
}
