package cloudinit

import "fmt"

const (
	// MaxInlineSize is the most that KubeVirt takes as inline user-data or network-data, in bytes each. Anything larger
	// must be referenced by a Secret.
	MaxInlineSize = 2048
	// MaxSecretSize is the most that a Kubernetes Secret holds, in bytes, all values together.
	MaxSecretSize = 1 << 20
)

// CheckInlineSize tells whether user-data or network-data may stand in the VM itself, where KubeVirt's admission would
// refuse more. An error is ErrTooLarge. Source: cloudInitUserMaxLen and cloudInitNetworkMaxLen in KubeVirt's webhooks.
func CheckInlineSize(data []byte) error {
	if len(data) > MaxInlineSize {
		return fmt.Errorf("%w: %d bytes, and a VM holds %d inline; reference a Secret", ErrTooLarge, len(data), MaxInlineSize)
	}
	return nil
}

// CheckSecretSize tells whether the given values fit into one Secret. An error is ErrTooLarge.
func CheckSecretSize(values ...[]byte) error {
	total := 0
	for _, value := range values {
		total += len(value)
	}
	if total > MaxSecretSize {
		return fmt.Errorf("%w: %d bytes, and a Secret holds %d; shorten the bootstrap data's files or fetch them at boot",
			ErrTooLarge, total, MaxSecretSize)
	}
	return nil
}
