package inventory

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLeftoversAreWhatWasNotThereBefore(t *testing.T) {
	before := Inventory{"secrets": {"a/old": true}}
	after := Inventory{"secrets": {"a/old": true, "a/new": true}, "volume claims": {}}
	assert.Equal(t, map[string][]string{"secrets": {"a/new"}}, Leftovers(before, after))
	assert.Empty(t, Leftovers(after, before))
}
