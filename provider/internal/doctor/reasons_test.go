package doctor

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reason is a constant of the api module with a condition that it belongs to.
type reason struct{ name, value, condition string }

// repeated are the constants that repeat Cluster API's, which the source does not spell out.
var repeated = map[string]string{
	"ReadyReason": infrav1.ReadyReason, "NotReadyReason": infrav1.NotReadyReason, "ReadyUnknownReason": infrav1.ReadyUnknownReason,
	"PausedReason": infrav1.PausedReason, "NotDeletingReason": infrav1.NotDeletingReason,
}

// conditionValues are the conditions by the names of their constants, as the comments above the reasons name them.
var conditionValues = map[string]string{
	"ReadyCondition": infrav1.ReadyCondition, "HarvesterConnectionReadyCondition": infrav1.HarvesterConnectionReadyCondition,
	"CredentialsValidCondition": infrav1.CredentialsValidCondition, "TargetNamespaceReadyCondition": infrav1.TargetNamespaceReadyCondition,
	"IPPoolsReadyCondition": infrav1.IPPoolsReadyCondition, "LoadBalancerReadyCondition": infrav1.LoadBalancerReadyCondition,
	"CloudProviderConfigReadyCondition": infrav1.CloudProviderConfigReadyCondition, "AddressReadyCondition": infrav1.AddressReadyCondition,
	"BootstrapReadyCondition": infrav1.BootstrapReadyCondition, "VMProvisionedCondition": infrav1.VMProvisionedCondition,
	"VMRunningCondition": infrav1.VMRunningCondition, "AddressesReportedCondition": infrav1.AddressesReportedCondition,
	"NodeInitializedCondition": infrav1.NodeInitializedCondition, "EtcdMemberRemovedCondition": infrav1.EtcdMemberRemovedCondition,
	"DeletingCondition": infrav1.DeletingCondition,
}

// reasonsOfTheAPI reads the constants from the source of the api module, so that none can be forgotten.
func reasonsOfTheAPI(t *testing.T) []reason {
	t.Helper()
	files, err := filepath.Glob("../../../api/v1beta1/*_conditions.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []reason
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			if block, ok := declaration.(*ast.GenDecl); ok && block.Tok == token.CONST {
				all = append(all, reasonsOfBlock(t, block)...)
			}
		}
	}
	require.Greater(t, len(all), 80)
	return all
}

func reasonsOfBlock(t *testing.T, block *ast.GenDecl) []reason {
	t.Helper()
	condition := infrav1.AddressReadyCondition // for reasons of any step
	if named := regexp.MustCompile(`\w+Condition\b`).FindString(block.Doc.Text()); named != "" {
		require.Contains(t, conditionValues, named)
		condition = conditionValues[named]
	}
	var all []reason
	for _, spec := range block.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || !strings.HasSuffix(value.Names[0].Name, "Reason") {
			continue
		}
		one := reason{name: value.Names[0].Name, condition: condition}
		if literal, ok := value.Values[0].(*ast.BasicLit); ok {
			unquoted, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			one.value = unquoted
		} else {
			require.Contains(t, repeated, one.name, "add the constant to the list")
			one.value = repeated[one.name]
		}
		all = append(all, one)
	}
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

// reasonsOfEvents are constants that no condition holds.
var reasonsOfEvents = []string{"AddressLeakedReason", "AddressRestoredReason"}

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
			assert.Contains(t, reasonsOfEvents, match[1], "%s: move it to the api module, and answer it", file)
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
