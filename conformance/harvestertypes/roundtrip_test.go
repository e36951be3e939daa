package harvestertypes

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/randfill"
)

// objectsPerKind is how many random objects of each kind go each way.
const objectsPerKind = 2000

// What upstream writes, we read and write again to the byte; and the other way round. Unknown fields are errors.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			fill := filler()
			for range objectsPerKind {
				roundTrip(t, fill, k.theirs, k.ours)
				roundTrip(t, fill, k.ours, k.theirs)
			}
		})
	}
}

// A copy made by our generated code is equal and shares nothing that a change could reach.
func TestDeepCopies(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		fill := filler()
		for range 200 {
			original := empty(k.ours)
			fill.Fill(original)
			before := encode(t, original)
			duplicate := original.DeepCopyObject()
			require.Equal(t, original, duplicate)
			fill.Fill(duplicate) // scribbles over every map and slice that it can reach
			clearMaps(reflect.ValueOf(duplicate))
			require.Equal(t, string(before), string(encode(t, original)))
		}
	}
}

func filler() *randfill.Filler {
	return randfill.NewWithSeed(1).NilChance(0.2).NumElements(0, 4).Funcs(
		func(o *metav1.ObjectMeta, c randfill.Continue) {
			c.Fill(&o.Name)
			c.Fill(&o.Namespace)
			c.Fill(&o.Labels)
			c.Fill(&o.Annotations)
			c.Fill(&o.Finalizers)
			o.CreationTimestamp = metav1.NewTime(time.Unix(c.Int63n(1<<31), 0))
		},
	)
}

func empty(prototype runtime.Object) runtime.Object {
	object, ok := reflect.New(reflect.TypeOf(prototype).Elem()).Interface().(runtime.Object)
	if !ok {
		panic("not an object: " + reflect.TypeOf(prototype).String())
	}

	return object
}

func roundTrip(t *testing.T, fill *randfill.Filler, from, to runtime.Object) {
	t.Helper()
	original, other, back := empty(from), empty(to), empty(from)
	fill.Fill(original)
	written := encode(t, original)
	decode(t, written, other)
	again := encode(t, other)
	require.JSONEq(t, string(written), string(again))
	decode(t, again, back)
	require.Equal(t, string(written), string(encode(t, back)))
}

func encode(t *testing.T, object any) []byte {
	t.Helper()
	data, err := json.Marshal(object)
	require.NoError(t, err)

	return data
}

func decode(t *testing.T, data []byte, object any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(object), string(data))
}

// clearMaps empties every map and zeroes every slice element that can be reached.
func clearMaps(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clearMaps(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				clearMaps(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			clearMaps(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	default:
	}
}
