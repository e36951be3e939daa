package poolwatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Many addresses of one namespace may be those of another management cluster's machines: each is asked for once in a while.
func TestAVMIsNotAskedForAtEveryLook(t *testing.T) {
	v, now := verdicts{}, time.Now()
	there, gone := verdictKey{vm: client.ObjectKey{Name: "there"}}, verdictKey{vm: client.ObjectKey{Name: "gone"}}
	_, known := v.get(there, now)
	assert.False(t, known)
	v.put(there, true, now)
	v.put(gone, false, now)
	for at, want := range map[time.Duration][2]bool{0: {true, true}, goneTTL: {true, false}, existsTTL: {false, false}} {
		_, thereKnown := v.get(there, now.Add(at))
		_, goneKnown := v.get(gone, now.Add(at))
		assert.Equal(t, want, [2]bool{thereKnown, goneKnown}, at)
	}
	exists, _ := v.get(there, now)
	assert.True(t, exists)
	v.put(verdictKey{}, true, now.Add(existsTTL))
	assert.Len(t, v.known, 1, "what is too old is forgotten")
}
