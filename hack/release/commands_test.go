package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every command for users is released, with its man pages. The sandbox runs from a checkout only.
func TestEveryCommandIsReleased(t *testing.T) {
	found, err := filepath.Glob("../../*/cmd/caphv-*")
	require.NoError(t, err)
	var names []string
	for _, path := range found {
		if name := filepath.Base(path); name != "caphv-sandbox" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	assert.Equal(t, sortedKeys(commands), names)
}
