package phase

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// A condition with a message of more than 32768 bytes is refused, and with it the whole status for ever. What a guest says,
// such as a Node's provider id, has no limit.
func TestMessagesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 2000).Draw(t, "times"))
		limited := limit(text)
		require.LessOrEqual(t, len(limited), maxMessage)
		require.True(t, utf8.ValidString(limited))
		if len(text) <= maxMessage && utf8.ValidString(text) {
			require.Equal(t, text, limited)
		}
	})
	assert.Equal(t, "a\uFFFDb", limit("a\xffb"))
}

func TestASummaryOfLongMessagesCanBeWritten(t *testing.T) {
	machine := &infrav1.HarvesterMachine{}
	for _, kind := range []string{infrav1.NodeInitializedCondition, infrav1.VMRunningCondition} {
		machine.Status.Conditions = append(machine.Status.Conditions,
			metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: "R", Message: strings.Repeat("x", 32768)})
	}
	require.NoError(t, SumUp(machine, []string{infrav1.NodeInitializedCondition, infrav1.VMRunningCondition}))
	for _, condition := range machine.Status.Conditions {
		assert.LessOrEqual(t, len(condition.Message), 32768, condition.Type)
	}
}
