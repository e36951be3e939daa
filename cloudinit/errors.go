package cloudinit

import "errors"

// The ways in which this package refuses, to be tested for with [errors.Is].
var (
	// ErrUnsupportedFormat says that bootstrap data is in a format that cloud-init does not read, such as Ignition.
	ErrUnsupportedFormat = errors.New("unsupported bootstrap data format")
	// ErrInvalidBootstrapData says that bootstrap data is in a known format but broken, or has a key that cannot be
	// combined with ours.
	ErrInvalidBootstrapData = errors.New("invalid bootstrap data")
	// ErrInvalidConfig says that a field of a Config cannot be rendered.
	ErrInvalidConfig = errors.New("invalid user-data configuration")
	// ErrInvalidNetwork says that a field of a Network cannot be rendered in the version asked for.
	ErrInvalidNetwork = errors.New("invalid network configuration")
	// ErrUnknownQuirk says that a Quirk was asked for that does not exist.
	ErrUnknownQuirk = errors.New("unknown quirk")
	// ErrTooLarge says that a Secret cannot hold the result.
	ErrTooLarge = errors.New("cloud-init data is too large")
)
