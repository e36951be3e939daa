package validation

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestSameIsDeepEquality(t *testing.T) {
	fields := []string{"a", "volumes"}
	rapid.Check(t, func(t *rapid.T) {
		var values [2]any
		for i := range values {
			var value any = map[string]any{"a": []any{map[string]any{"b": int64(1)}, "c"}, "d": nil}
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				value = distort(t, value, fields)
			}
			values[i] = value
		}
		assert.Equal(t, reflect.DeepEqual(values[0], values[1]), same(values[0], values[1]))
		assert.True(t, same(values[0], values[0]))
	})
}
