package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command for users is released, with its man pages. The sandbox runs from a checkout only, the simulator by go run.
func TestEveryCommandIsReleased(t *testing.T) {
	found, err := filepath.Glob("../../*/cmd/caphv-*")
	require.NoError(t, err)
	notReleased := []string{"caphv-sandbox", "caphv-simulator"}
	var names []string
	for _, path := range found {
		if name := filepath.Base(path); !slices.Contains(notReleased, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	assert.Equal(t, sortedKeys(commands), names)
}
