package cloudinit

import (
	"crypto/sha256"
	"errors"
	"net"
	"strings"
)

// ErrUnsupportedFormat says that bootstrap data is in a format that cloud-init does not read, such as Ignition.
var ErrUnsupportedFormat = errors.New("unsupported bootstrap data format")

// Size limits, in bytes.
const (
	// MaxInlineSize is the most that KubeVirt takes as inline user-data or network-data.
	MaxInlineSize = 2048
	// MaxSecretSize is the most that a Kubernetes Secret holds, all keys together.
	MaxSecretSize = 1 << 20
)

func RenderUserData(ours Config, bootstrap []byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func RenderNetworkData(n Network, version int) ([]byte, error) { return nil, errors.ErrUnsupported }

// MACFor derives a MAC address from names: the same parts give the same address, which is unicast and locally
// administered.
func MACFor(parts ...string) net.HardwareAddr {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	mac := net.HardwareAddr(sum[:6])
	mac[0] = mac[0]&^1 | 2
	return mac
}
