package sandbox

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFaultIsDescribedAndNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, fault := range Faults() {
		assert.NotEmpty(t, fault.Effect, fault.Name)
		assert.NotNil(t, fault.make, fault.Name)
		assert.False(t, seen[fault.Name], "two faults are called %s", fault.Name)
		seen[fault.Name] = true
	}
	for _, name := range []string{"manager", "harvester-down", "vm-crash", "etcd-down", "mend-etcd-down"} {
		assert.True(t, seen[name], name)
	}
}

func TestAWrongRequestForAFaultIsAnswered(t *testing.T) {
	s := &Sandbox{}
	for name, test := range map[string]struct{ fault, target, want string }{
		"unknown":        {"earthquake", "", `no fault is called "earthquake"`},
		"no target":      {"vm-crash", "", "needs a target: <namespace>/<vm>"},
		"wrong target":   {"vm-crash", "demo", `"demo" is not of the form <namespace>/<vm>`},
		"needless":       {"manager", "demo/vm", "takes no target"},
		"without guests": {"etcd-down", "demo/vm", errNoGuests.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Break(context.Background(), test.fault, test.target)
			require.ErrorContains(t, err, test.want)
		})
	}
}
