package apply

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A controller that writes the status between the two readings makes no change of ours.
func TestSameLooksPastTheStatus(t *testing.T) {
	object := func(spec, status string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{"cluster.x-k8s.io/conversion-data": status, "mine": spec}},
			"spec":     map[string]any{"x": spec}, "status": map[string]any{"x": status},
		}}
	}
	assert.True(t, same(object("a", "before"), object("a", "after")))
	written := object("a", "before")
	written.SetGeneration(2)
	assert.True(t, same(object("a", "before"), written))
	assert.False(t, same(object("a", "before"), object("b", "before")))
}
