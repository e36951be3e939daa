package doctor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor/constants"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reason is a constant of the api module with a condition that it belongs to.
type reason struct{ name, value, condition string }

// reasonsOfTheAPI are all of them, each with the first condition that its block's comment names.
func reasonsOfTheAPI(t *testing.T) []reason {
	t.Helper()
	known, err := constants.Read("../../../api/v1beta1", "*_conditions.go")
	require.NoError(t, err)
	values := map[string]string{}
	for _, constant := range known {
		values[constant.Name] = constant.Value
	}
	var all []reason
	for _, constant := range known {
		if !constant.Is("Reason") {
			continue
		}
		one := reason{name: constant.Name, value: constant.Value, condition: infrav1.AddressReadyCondition} // for reasons of any step
		if len(constant.Conditions) > 0 {
			one.condition = values[constant.Conditions[0]]
		}
		require.NotEmpty(t, one.condition, constant.Name)
		all = append(all, one)
	}
	require.Greater(t, len(all), 80)
	return all
}

// found is what Diagnose says of an object that has carried the reason for so long.
func (r reason) found(t *testing.T, lasted time.Duration) Finding {
	t.Helper()
	s := world()
	status := metav1.ConditionFalse
	deleting := slices.Contains(deletionSteps, r.condition)
	if r.condition == infrav1.DeletingCondition {
		status = metav1.ConditionTrue
	}
	condition := metav1.Condition{Type: r.condition, Status: status, Reason: r.value, Message: "as it is", LastTransitionTime: metav1.NewTime(now.Add(-lasted))}
	deleted := &metav1.Time{Time: now.Add(-lasted)}
	name := "cp-0"
	switch {
	case r.condition == infrav1.ReadyCondition:
		s.Claimed = []infrav1.HarvesterIPPool{{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "pool"}}}
		s.Claimed[0].Status.Conditions = []metav1.Condition{condition}
		name = "pool"
	case slices.Contains(clusterSteps, r.condition), slices.Contains(clusterWarnings, r.condition):
		set(&s.Infra.Status.Conditions, condition)
		name = "demo"
	default:
		set(&s.Machines[0].Infra.Status.Conditions, condition)
		if deleting {
			s.Machines[0].Infra.DeletionTimestamp = deleted
		}
	}
	findings := Diagnose(s)
	require.Len(t, findings, 1, r.name)
	require.Equal(t, name, findings[0].Name, r.name)
	return findings[0]
}

// Every reason is answered: what to do, whether it blocks and from when on, and where to read on.
func TestEveryReasonHasItsAnswer(t *testing.T) {
	answers := Answers()
	var golden strings.Builder
	for _, r := range reasonsOfTheAPI(t) {
		answer, known := answers[r.value]
		if !assert.True(t, known, "%s has no answer: add it to the tables in answers_*.go", r.name) {
			continue
		}
		delete(answers, r.value)
		if answer.Kind == KindFine {
			assert.Equal(t, fine(), answer, r.name)
			fmt.Fprintf(&golden, "%-28s %-35s fine\n", r.condition, r.value)
			continue
		}
		early, late := r.found(t, time.Second), r.found(t, 24*time.Hour)
		assert.Equal(t, r.value, early.Reason)
		assert.Equal(t, r.condition, early.Condition)
		assert.NotRegexp(t, `\{[a-z]+\}`, early.Do, r.name)
		assert.Regexp(t, `^[A-Z].{20,}`, early.Do, r.name)
		assert.Equal(t, answer.Runbook(), early.Runbook)
		if answer.Alert != "" {
			assert.FileExists(t, filepath.Join("../../../docs/runbooks", answer.Alert+".md"), r.name)
		}
		require.NotNil(t, late.Since)
		assert.Equal(t, now.Add(-24*time.Hour), *late.Since)
		fmt.Fprintf(&golden, "%-28s %-35s %-8s, a day later %-8s %s\n", r.condition, r.value, early.Class, late.Class, answer.Alert)
	}
	assert.Empty(t, answers, "answers to reasons that do not exist")
	requireGolden(t, "answers.txt", golden.String())
}

// A reason of a condition that is not a constant of the api module would be missing from the test above.
func TestReasonsOfConditionsAreConstantsOfTheAPI(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^\s*(?:const )?(\w*[rR]eason)\s*=\s*"`)
	files, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	require.Greater(t, len(files), 50)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/doctor/") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range constant.FindAllStringSubmatch(string(text), -1) {
			assert.Fail(t, "move it to the api module, and answer it", "%s: %s", file, match[1])
		}
	}
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run the test with -update and look at the difference")
}
