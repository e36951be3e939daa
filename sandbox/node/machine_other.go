//go:build !linux

package node

import (
	"context"
	"errors"
)

// ErrUnsupported says that nodes run on Linux only.
var ErrUnsupported = errors.New("a node needs Linux")

// Inside tells whether this process runs in a machine that Reenter made.
func Inside() bool { return false }

// Reenter fails with ErrUnsupported.
func Reenter(context.Context, []string, []string) (int, error) { return 1, ErrUnsupported }

// Settle fails with ErrUnsupported.
func Settle() error { return ErrUnsupported }
