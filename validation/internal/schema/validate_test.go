package schema

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

const group = "infrastructure.cluster.x-k8s.io"

func read(tb testing.TB, name string) map[string]any {
	tb.Helper()
	text, err := os.ReadFile(name)
	require.NoError(tb, err)
	data, err := yaml.YAMLToJSON(text)
	require.NoError(tb, err)
	var object map[string]any
	require.NoError(tb, json.Unmarshal(data, &object))
	return object
}

func base(tb testing.TB, kind string) map[string]any {
	tb.Helper()
	return read(tb, "../../testdata/base/"+kind+".yaml")
}

func spec(object map[string]any) map[string]any { return object["spec"].(map[string]any) }

func newSet(tb testing.TB) *Set {
	tb.Helper()
	set, err := NewSet()
	require.NoError(tb, err)
	return set
}

func validate(tb testing.TB, object map[string]any) []Fault {
	tb.Helper()
	faults, err := newSet(tb).Validate(object)
	require.NoError(tb, err)
	return faults
}

func TestSoundObjectsHaveNoFaults(t *testing.T) {
	names, err := filepath.Glob("../../testdata/base/*.yaml")
	require.NoError(t, err)
	set := newSet(t)
	for _, name := range names {
		object := read(t, name)
		faults, err := set.Validate(object)
		require.NoError(t, err)
		assert.Empty(t, faults, name)
		if object["apiVersion"] == group+"/v1beta1" {
			compiled, err := set.versions[keyOf(object)]()
			require.NoError(t, err)
			assert.True(t, compiled.quick.fits(object), "%s: a usual object needs the quick check only", name)
		}
	}
}

func TestFaultsAreInTheWordsOfTheAPIServer(t *testing.T) {
	for name, c := range map[string]struct {
		change func(object map[string]any)
		want   Fault
	}{
		"unknown field":       {func(o map[string]any) { spec(o)["memry"] = "8Gi" }, Fault{Path: "spec.memry", Message: `unknown field "spec.memry"`, Unknown: true}},
		"unknown in a list":   {func(o map[string]any) { spec(o)["volumes"].([]any)[0].(map[string]any)["size"] = "1" }, Fault{Path: "spec.volumes[0].size", Message: `unknown field "spec.volumes[0].size"`, Unknown: true}},
		"unknown metadata":    {func(o map[string]any) { o["metadata"].(map[string]any)["label"] = "a" }, Fault{Path: "metadata.label", Message: `unknown field "metadata.label"`, Unknown: true}},
		"type":                {func(o map[string]any) { spec(o)["cpu"] = "four" }, Fault{Path: "spec.cpu", Message: `Invalid value: "string": spec.cpu in body must be of type integer: "string"`, Form: true}},
		"required":            {func(o map[string]any) { delete(spec(o), "sshUser") }, Fault{Path: "spec.sshUser", Message: "Required value"}},
		"enum":                {func(o map[string]any) { spec(o)["volumes"].([]any)[0].(map[string]any)["volumeType"] = "tape" }, Fault{Path: "spec.volumes[0].volumeType", Message: `Unsupported value: "tape": supported values: "image", "storageClass"`}},
		"minimum":             {func(o map[string]any) { spec(o)["cpu"] = int64(0) }, Fault{Path: "spec.cpu", Message: "Invalid value: 0: spec.cpu in body should be greater than or equal to 1"}},
		"name of the object":  {func(o map[string]any) { o["metadata"].(map[string]any)["name"] = "A" }, Fault{Path: "metadata.name", Message: `Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`}},
		"list of unique keys": {func(o map[string]any) { spec(o)["networkInterfaces"] = []any{nic(), nic()} }, Fault{Path: "spec.networkInterfaces[1]", Message: `Duplicate value: {"index":0}`}},
	} {
		t.Run(name, func(t *testing.T) {
			object := base(t, "harvestermachine")
			c.change(object)
			assert.Equal(t, []Fault{c.want}, validate(t, object))
		})
	}
}

func nic() any { return map[string]any{"index": int64(0), "ipPoolRefs": []any{"a"}} }

func TestAClustersTopologyIsValidatedAndNothingElse(t *testing.T) {
	cluster := base(t, "cluster")
	spec(cluster)["other"] = "x"
	spec(cluster)["topology"].(map[string]any)["replicas"] = int64(3)
	spec(cluster)["topology"].(map[string]any)["controlPlane"] = map[string]any{"replicas": "three"}
	faults := validate(t, cluster)
	require.Len(t, faults, 2)
	assert.Equal(t, Fault{Path: "spec.topology.replicas", Message: `unknown field "spec.topology.replicas"`, Unknown: true, Foreign: true}, faults[0])
	assert.Equal(t, "spec.topology.controlPlane.replicas", faults[1].Path)
}

func TestWhatIsUnknownIsLeftAlone(t *testing.T) {
	for _, object := range []map[string]any{nil, {"kind": "Pod", "apiVersion": "v1"}, {"kind": "HarvesterMachine", "apiVersion": group + "/v9"}} {
		assert.False(t, newSet(t).Knows(object))
		assert.Empty(t, validate(t, object))
	}
}

func TestValidatingChangesNothing(t *testing.T) {
	object := base(t, "harvestercluster")
	spec(object)["unknown"] = map[string]any{"a": nil}
	spec(object)["loadBalancerConfig"].(map[string]any)["listeners"] = []any{map[string]any{"name": "a", "port": int64(1), "backendPort": int64(1)}}
	before := runtime.DeepCopyJSON(object)
	require.NotEmpty(t, validate(t, object))
	assert.Equal(t, before, object)
}

// Where the quick check is content, the API server's own code has no fault to find.
func TestTheQuickCheckIsNeverMoreContent(t *testing.T) {
	set := newSet(t)
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.Int64Range(-2, 70_000), toAny), rapid.Map(rapid.Float64Range(0, 2), toAny),
		rapid.Map(rapid.SampledFrom([]string{"", "image", "TCP", "a", "4Gi", "x/y", "É", "172.16.0.1"}), toAny),
		rapid.Just[any]([]any{}), rapid.Just[any]([]any{"a"}), rapid.Just[any]([]any{"a", "a"}), rapid.Just[any]([]any{int64(1)}),
		rapid.Just[any](map[string]any{}), rapid.Just[any](map[string]any{"name": "a", "namespace": "b"}), rapid.Just[any]([]any{nic(), nic()}),
	)
	kinds := rapid.SampledFrom([]string{"harvestermachine", "harvestercluster", "harvestermachinetemplate", "harvesterclustertemplate", "cluster"})
	rapid.Check(t, func(t *rapid.T) {
		object := base(tb(t), kinds.Draw(t, "kind"))
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			mutate(t, object, value)
		}
		load, ok := set.versions[keyOf(object)]
		if !ok {
			return
		}
		compiled, err := load()
		require.NoError(t, err)
		if compiled.quick.fits(object) {
			assert.Empty(t, compiled.create(runtime.DeepCopyJSON(object)))
		}
	})
}

func tb(t *rapid.T) testing.TB { return helper{T: t} }

// helper lets rapid's T read files as a test does.
type helper struct {
	testing.TB
	T *rapid.T
}

func (h helper) Helper()                   {}
func (h helper) Errorf(f string, a ...any) { h.T.Errorf(f, a...) }
func (h helper) FailNow()                  { h.T.FailNow() }
func toAny[T any](v T) any                 { return v }

// mutate replaces, adds or removes one field somewhere in the object.
func mutate(t *rapid.T, object map[string]any, value *rapid.Generator[any]) {
	at := object
	for {
		names := slices.Sorted(maps.Keys(at))
		if len(names) == 0 {
			return
		}
		name := rapid.SampledFrom(names).Draw(t, "field")
		inner, isObject := at[name].(map[string]any)
		if list, ok := at[name].([]any); ok && len(list) > 0 {
			inner, isObject = list[0].(map[string]any)
		}
		if isObject && rapid.Bool().Draw(t, "deeper") {
			at = inner
			continue
		}
		switch rapid.IntRange(0, 2).Draw(t, "what") {
		case 0:
			delete(at, name)
		case 1:
			at[name] = value.Draw(t, "value")
		default:
			at[rapid.SampledFrom([]string{"networkInterfaces", "firmware", "labels", "annotations", "unknown", "server"}).Draw(t, "new")] = value.Draw(t, "value")
		}
		return
	}
}

func BenchmarkValidate1(b *testing.B) {
	set := newSet(b)
	right, wrong := base(b, "harvestermachine"), base(b, "harvestermachine")
	spec(wrong)["cpu"] = int64(0)
	for name, object := range map[string]map[string]any{"right": right, "wrong": wrong} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := set.Validate(object); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
