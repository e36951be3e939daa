package validation

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/class"
)

func TestForeignObjectsAreSkipped(t *testing.T) {
	for _, object := range []string{
		`{"apiVersion": "v1", "kind": "ConfigMap"}`,
		`{"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "DockerMachine"}`,
		`{"apiVersion": "infrastructure.cluster.x-k8s.io/v1gamma1", "kind": "HarvesterMachine"}`,
		`{"apiVersion": "example.org/v1beta1", "kind": "HarvesterMachine"}`,
		`{"apiVersion": 1, "kind": ["HarvesterMachine"]}`,
		`{}`,
	} {
		parsed := decode(t, []byte(object))
		assert.False(t, engine().Handles(parsed), object)
		assert.Empty(t, engine().Validate(parsed, nil, Options{}), object)
	}
}

func TestAnObjectBeingDeletedCanLoseItsFinalizers(t *testing.T) {
	object := merge(base(t, "HarvesterMachine"), map[string]any{
		"metadata": map[string]any{"deletionTimestamp": "2026-01-01T00:00:00Z"},
		"spec":     map[string]any{"volumes": nil, "providerID": nil},
	})
	old := merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"providerID": "harvester://1"}})
	assert.Empty(t, engine().Validate(object, old, Options{}))
}

func TestWhatWasWrongBeforeIsAWarningAfterwards(t *testing.T) {
	machine := base(t, "HarvesterMachine")
	broken := merge(machine, map[string]any{"spec": map[string]any{"sshUser": "", "memory": "lots"}})

	same := merge(broken, map[string]any{"spec": map[string]any{"cpuModel": "host-model"}})
	assert.Equal(t, []string{"warning HM003 spec.memory", "warning HM004 spec.sshUser"},
		brief(engine().Validate(same, broken, Options{})), "untouched mistakes do not block a change elsewhere")

	worse := merge(broken, map[string]any{"spec": map[string]any{"memory": "even more"}})
	assert.Equal(t, []string{"error HM003 spec.memory", "error HM051 spec.memory", "warning HM004 spec.sshUser"},
		brief(engine().Validate(worse, broken, Options{})), "a touched mistake is validated")

	assert.Equal(t, []string{"error HM003 spec.memory", "error HM051 spec.memory", "error HM004 spec.sshUser", "error HM054 spec.sshUser"},
		brief(engine().Validate(broken, machine, Options{})), "a new mistake is validated")
}

func TestNullsCountAsAbsentAndStayWhereTheyAre(t *testing.T) {
	object := base(t, "HarvesterMachine")
	spec := object["spec"].(map[string]any)
	spec["networkConfig"] = nil
	spec["volumes"] = append(spec["volumes"].([]any), map[string]any{"volumeType": "image", "imageName": "b", "volumeSize": nil})
	before, err := json.Marshal(object)
	require.NoError(t, err)

	assert.Empty(t, engine().Validate(object, nil, Options{}))

	after, err := json.Marshal(object)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
}

func TestValuesOfTheWrongFormAreFound(t *testing.T) {
	for _, c := range []struct{ field, json, path string }{
		{"volumes", `{"a": 1}`, "spec.volumes"},
		{"volumes", `["disk"]`, "spec.volumes[0]"},
		{"networks", `"default/production"`, "spec.networks"},
		{"networks", `[7]`, "spec.networks[0]"},
		{"networkConfig", `"172.16.3.10"`, "spec.networkConfig"},
		{"cpu", `"four"`, "spec.cpu"},
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(c.json), &value))
		object := merge(base(t, "HarvesterMachine"), nil)
		object["spec"] = merge(object["spec"].(map[string]any), nil)
		object["spec"].(map[string]any)[c.field] = value
		found := engine().Validate(object, nil, Options{})
		assert.True(t, HasErrors(found), "%s: %s", c.field, c.json)
		matched := false
		for _, f := range found {
			matched = matched || strings.HasPrefix(f.Path, c.path)
		}
		assert.True(t, matched, "%s: %s: %v", c.field, c.json, brief(found))
	}
}

func TestAnObjectTooLargeToValidateIsRefusedInBoundedTime(t *testing.T) {
	refs := make([]any, 20_000)
	for i := range refs {
		refs[i] = fmt.Sprintf("pool-%d", i)
	}
	object := merge(base(t, "HarvesterCluster"), map[string]any{"spec": map[string]any{"vmNetworkConfig": map[string]any{"ipPoolRefs": refs}}})
	findings := engine().Validate(object, nil, Options{})
	require.True(t, HasErrors(findings))
	assert.Contains(t, findings[0].Message, "cannot be checked: the lists are longer")
}

func TestFindingsAreInOneOrder(t *testing.T) {
	volumes := make([]any, 12)
	for i := range volumes {
		volumes[i] = map[string]any{"volumeType": "tape"}
	}
	object := merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"volumes": volumes, "cpu": int64(0)}})
	got := brief(engine().Validate(object, nil, Options{}))
	assert.Equal(t, "error HM001 spec.cpu", got[0])
	assert.Equal(t, "error HM007 spec.volumes[2].volumeType", got[4])
	assert.Equal(t, "error HM007 spec.volumes[10].volumeType", got[12])
	assert.Equal(t, "warning HM019 spec.volumes", got[1])
}

func TestOneEngineServesManyAtOnce(t *testing.T) {
	object := merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"cpu": int64(0), "networks": []any{"a/b/c"}}})
	want := engine().Validate(object, nil, Options{})
	require.NotEmpty(t, want)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { assert.Equal(t, want, engine().Validate(object, nil, Options{})) })
	}
	wg.Wait()
}

// Whatever the values are, validating ends, is repeatable, finds nothing new in an unchanged object, and points at
// places below the object.
func TestValidateOnAnyObject(t *testing.T) {
	e := engine()
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.Int64(), toAny), rapid.Map(rapid.Float64(), toAny),
		rapid.Map(rapid.SampledFrom([]string{"", "image", "storageClass", "pool", "172.16.0.1", "10.0.0.0/8", "4Gi", "a/b", "é\x00"}), toAny),
	)
	anything := rapid.OneOf(scalar,
		rapid.Map(rapid.SliceOfN(scalar, 0, 4), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{
			"volumeType", "imageName", "bootOrder", "volumeSize", "address", "gateway", "subnetMask", "ipPool", "ipPoolRefs", "name", "port",
		}), scalar, 0, 6), func(m map[string]any) any { return m }),
	)
	fields := rapid.MapOfN(rapid.SampledFrom([]string{
		"cpu", "memory", "volumes", "networks", "networkConfig", "vmNetworkConfig", "firmware", "targetNamespace",
		"identitySecret", "loadBalancerConfig", "template", "providerID",
	}), anything, 0, 8)
	kinds := rapid.SampledFrom([]string{"HarvesterCluster", "HarvesterMachine", "HarvesterClusterTemplate", "HarvesterMachineTemplate"})
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{"apiVersion": Group + "/v1beta1", "kind": kinds.Draw(t, "kind"), "spec": fields.Draw(t, "spec")}
		first := e.Validate(object, nil, Options{})
		assert.Equal(t, first, e.Validate(object, nil, Options{}))
		assert.False(t, HasErrors(e.Validate(object, object, Options{})), "an unchanged object stays acceptable")
		for _, f := range first {
			assert.True(t, strings.HasPrefix(f.Path, "spec") || strings.HasPrefix(f.Path, "metadata"), f.Path)
		}
	})
}

func toAny[T any](v T) any { return v }

func TestABundleLeavesObjectsAsTheyAreAndKeepsTheirOrder(t *testing.T) {
	objects := []map[string]any{
		base(t, "HarvesterMachine"), {"kind": "Secret", "apiVersion": "v1"}, base(t, "Cluster"), {}, base(t, "MachineHealthCheck"),
		merge(base(t, "HarvesterMachine"), map[string]any{"spec": map[string]any{"cpu": int64(0)}}),
	}
	before, err := json.Marshal(objects)
	require.NoError(t, err)
	validated := engine().ValidateBundle(objects)
	after, err := json.Marshal(objects)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
	require.Len(t, validated, len(objects))
	for i, want := range []bool{true, false, true, false, true, true} {
		assert.Equal(t, want, validated[i].Validated, i)
	}
	assert.Equal(t, []string{"error HM001 spec.cpu"}, brief(validated[5].Findings))
	assert.Empty(t, engine().ValidateBundle(nil))
}

// Whatever a Cluster's variables are, validating ends and points into the topology.
func TestVariablesOfAnyForm(t *testing.T) {
	e := engine()
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Int64(), toAny), rapid.Map(rapid.String(), toAny), rapid.Just[any]([]any{"a", int64(1)}),
		rapid.Just[any](map[string]any{"volumeType": true}), rapid.Just[any]([]any{map[string]any{"volumeType": "image"}}),
	)
	names := rapid.SampledFrom([]string{"volumes", "vmNetworks", "cpuCount", "memorySize", "gateway", "ipPoolRef", "ipPoolRefs", "other", ""})
	rapid.Check(t, func(t *rapid.T) {
		var variables []any
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			variables = append(variables, map[string]any{"name": names.Draw(t, "name"), "value": value.Draw(t, "value")})
		}
		cluster := map[string]any{
			"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "metadata": map[string]any{"name": "a"},
			"spec": map[string]any{"topology": map[string]any{"class": class.Shipped, "variables": variables}},
		}
		for _, f := range e.ValidateBundle([]map[string]any{cluster})[0].Findings {
			assert.True(t, strings.HasPrefix(f.Path, "spec.topology"), f.String())
		}
	})
}

// What is compiled late finds the same as what is compiled at once, whatever comes first and however many ask.
func TestLazyEngineFindsTheSame(t *testing.T) {
	lazy, err := NewLazyEngine()
	require.NoError(t, err)
	for _, kind := range []string{"HarvesterMachineTemplate", "HarvesterCluster", "HarvesterMachine"} {
		object := base(t, kind)
		broken := merge(object, map[string]any{"spec": map[string]any{"cpu": int64(0), "targetNamespace": "", "sshUser": ""}})
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				assert.Equal(t, engine().Validate(object, nil, Options{}), lazy.Validate(object, nil, Options{}))
				assert.Equal(t, engine().Validate(broken, object, Options{}), lazy.Validate(broken, object, Options{}))
			})
		}
		group.Wait()
	}
}
