package etcdops

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRKE2RemovalState(t *testing.T) {
	const remove, removed, current = RKE2AnnotationRemove, RKE2AnnotationRemovedNodeName, RKE2AnnotationNodeName
	for name, c := range map[string]struct {
		annotations map[string]string
		want        AnnotationState
		member      string
	}{
		"a node as it comes":        {map[string]string{current: "cp-a-0123abcd"}, AnnotationNotRequested, ""},
		"no annotations":            {nil, AnnotationNotRequested, ""},
		"asked":                     {map[string]string{remove: "true", current: "cp-a-0123abcd"}, AnnotationPending, ""},
		"asked in capitals":         {map[string]string{remove: "True", current: "cp-a-0123abcd"}, AnnotationPending, ""},
		"answered":                  {map[string]string{remove: "true", removed: "cp-a-0123abcd"}, AnnotationConfirmed, "cp-a-0123abcd"},
		"answered, name still set":  {map[string]string{remove: "true", removed: "cp-a-0123abcd", current: "cp-a-0123abcd"}, AnnotationConfirmed, "cp-a-0123abcd"},
		"rejoined since":            {map[string]string{remove: "true", removed: "cp-a-0123abcd", current: "cp-a-4567cdef"}, AnnotationPending, ""},
		"reset by RKE2 after that":  {map[string]string{remove: "false", current: "cp-a-4567cdef"}, AnnotationNotRequested, ""},
		"removed without a request": {map[string]string{removed: "cp-a-0123abcd"}, AnnotationNotRequested, ""},
	} {
		t.Run(name, func(t *testing.T) {
			state, member := RKE2RemovalState(c.annotations)
			assert.Equal(t, c.want, state)
			assert.Equal(t, c.member, member)
		})
	}
}
