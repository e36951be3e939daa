package v1alpha1_test

import (
	"encoding/json"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/diff"
	"sigs.k8s.io/randfill"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// object is what every kind is: something with metadata that can be copied.
type object interface {
	runtime.Object
	metav1.Object
}

// kind is one kind in both versions, with its conversions.
type kind struct {
	spoke, hub object
	toHub      func(src, dst object) error
	fromHub    func(src, dst object) error
}

func kindOf[S, H object](spoke S, hub H, toHub func(S, H) error, fromHub func(H, S) error) kind {
	return kind{
		spoke: spoke, hub: hub,
		toHub:   func(src, dst object) error { return toHub(src.(S), dst.(H)) },
		fromHub: func(src, dst object) error { return fromHub(src.(H), dst.(S)) },
	}
}

var kinds = map[string]kind{
	"HarvesterCluster": kindOf(&v1alpha1.HarvesterCluster{}, &infrav1.HarvesterCluster{}, v1alpha1.ClusterToHub, v1alpha1.ClusterFromHub),
	"HarvesterClusterTemplate": kindOf(&v1alpha1.HarvesterClusterTemplate{}, &infrav1.HarvesterClusterTemplate{},
		v1alpha1.ClusterTemplateToHub, v1alpha1.ClusterTemplateFromHub),
	"HarvesterMachine": kindOf(&v1alpha1.HarvesterMachine{}, &infrav1.HarvesterMachine{}, v1alpha1.MachineToHub, v1alpha1.MachineFromHub),
	"HarvesterMachineTemplate": kindOf(&v1alpha1.HarvesterMachineTemplate{}, &infrav1.HarvesterMachineTemplate{},
		v1alpha1.MachineTemplateToHub, v1alpha1.MachineTemplateFromHub),
}

func (k kind) up(tb testing.TB, spoke object) object {
	tb.Helper()
	hub := empty(k.hub)
	require.NoError(tb, k.toHub(spoke, hub))
	return hub
}

func (k kind) down(tb testing.TB, hub object) object {
	tb.Helper()
	spoke := empty(k.spoke)
	require.NoError(tb, k.fromHub(hub, spoke))
	return spoke
}

func empty(prototype object) object { return prototype.DeepCopyObject().(object) }

func newScheme(tb testing.TB) *runtime.Scheme {
	tb.Helper()
	scheme := runtime.NewScheme()
	require.NoError(tb, v1alpha1.AddToScheme(scheme))
	require.NoError(tb, infrav1.AddToScheme(scheme))
	return scheme
}

// quantities fills in quantities that are written as they are read: a random struct is no valid quantity.
func quantities(serializer.CodecFactory) []any {
	return []any{func(q *resource.Quantity, c randfill.Continue) {
		*q = *resource.NewQuantity(c.Int63n(1<<20)<<20, resource.BinarySI)
		_ = q.String() // remembers the text form, which decoding does too
	}}
}

func filler(tb testing.TB, seed int64) *randfill.Filler {
	tb.Helper()
	codecs := serializer.NewCodecFactory(newScheme(tb))
	return fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, quantities), rand.NewSource(seed), codecs)
}

// fill fills every field that an object has, so that a field which is new in either version takes part by itself.
func fill(filler *randfill.Filler, prototype object) object {
	filled := empty(prototype)
	filler.Fill(filled)
	return filled
}

// FuzzConversion proves that nothing is lost, in either direction, and that what both versions know has one value.
func FuzzConversion(f *testing.F) {
	for seed := range int64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed int64) {
		filler := filler(t, seed)
		for name, kind := range kinds {
			requireSpokeSurvives(t, name, kind, fill(filler, kind.spoke))
			requireHubSurvives(t, name, kind, fill(filler, kind.hub))
		}
	})
}

func requireSpokeSurvives(t *testing.T, name string, kind kind, spoke object) {
	t.Helper()
	before := empty(spoke)
	hub := kind.up(t, spoke)
	require.True(t, apiequality.Semantic.DeepEqual(before, spoke), "%s: the conversion changed its source", name)
	require.NotContains(t, hub.GetAnnotations(), v1alpha1.HubDataAnnotation, name)
	requireSameValues(t, name, spoke, hub)

	back := kind.down(t, hub)
	require.NotContains(t, back.GetAnnotations(), v1alpha1.DataAnnotation, name)
	requireEqual(t, hub, kind.up(t, empty(back)), "%s: the second time", name)
	annotations := back.GetAnnotations()
	delete(annotations, v1alpha1.HubDataAnnotation)
	back.SetAnnotations(annotations)
	requireEqual(t, spoke, back, "%s: v1alpha1, v1beta1, v1alpha1", name)
}

func requireHubSurvives(t *testing.T, name string, kind kind, hub object) {
	t.Helper()
	before := empty(hub)
	spoke := kind.down(t, hub)
	require.True(t, apiequality.Semantic.DeepEqual(before, hub), "%s: the conversion changed its source", name)
	requireSameValues(t, name, hub, spoke)

	// The API server converts objects without spec and status when it merges what managers own.
	bare := empty(kind.spoke)
	bare.SetAnnotations(spoke.DeepCopyObject().(object).GetAnnotations())
	require.NoError(t, kind.toHub(bare, empty(kind.hub)), name)

	requireEqual(t, hub, kind.up(t, spoke), "%s: v1beta1, v1alpha1, v1beta1", name)
}

func requireEqual(t *testing.T, want, got object, message ...any) {
	t.Helper()
	if !apiequality.Semantic.DeepEqual(want, got) {
		require.Fail(t, diff.Diff(want, got), message...)
	}
}

// onlyIn are the fields that one version alone has, or that mean something else there.
var onlyIn = map[string]bool{
	"status.failureReason": true, "status.failureMessage": true,
	// A condition is translated: see TestConditionsAreTranslated.
	"status.conditions": true,
}

// requireSameValues checks that a field of both versions has the same value in both. Round trips alone do not show it: a
// field that no one converts survives them in the annotation.
func requireSameValues(t *testing.T, name string, source, target object) {
	t.Helper()
	from, to := fields(t, source), fields(t, target)
	for _, part := range []string{"spec", "status"} {
		requireWithin(t, name, part, from[part], to[part], known(t, target))
	}
}

func requireWithin(t *testing.T, name, path string, from, to any, exists func(path string) bool) {
	t.Helper()
	if onlyIn[path] || from == nil || !exists(path) {
		return
	}
	if source, isMap := from.(map[string]any); isMap {
		target, _ := to.(map[string]any)
		for field, value := range source {
			requireWithin(t, name, path+"."+field, value, target[field], exists)
		}
		return
	}
	from, to = withoutBlanks(from), withoutBlanks(to)
	if path == "spec.volumes" || path == "spec.template.spec.volumes" {
		from, to = withinInt32(from), withinInt32(to)
	}
	assert.Equal(t, from, to, "%s: %s", name, path)
}

// withoutBlanks drops what one version writes where the other one leaves it out.
func withoutBlanks(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			if v[name] = withoutBlanks(field); v[name] == nil {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutBlanks(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string, float64, bool:
		if v == "" || v == float64(0) || v == false {
			return nil
		}
	}
	return value
}

// withinInt32 replaces the boot orders that v1beta1 cannot hold.
func withinInt32(volumes any) any {
	list, _ := volumes.([]any)
	for _, volume := range list {
		fields := volume.(map[string]any)
		if order, ok := fields["bootOrder"].(float64); ok {
			fields["bootOrder"] = min(max(order, -1<<31), 1<<31-1)
		}
	}
	return volumes
}

func fields(t *testing.T, object any) map[string]any {
	t.Helper()
	text, err := json.Marshal(object)
	require.NoError(t, err)
	result := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &result))
	return result
}
