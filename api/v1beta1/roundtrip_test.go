package v1beta1_test

import (
	"encoding/json"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"
)

// quantities fills in quantities that are written as they are read: a random struct is no valid quantity.
func quantities(serializer.CodecFactory) []any {
	return []any{func(q *resource.Quantity, c randfill.Continue) {
		*q = *resource.NewQuantity(c.Int63n(1<<40), resource.BinarySI)
		_ = q.String() // remembers the text form, which decoding does too
	}}
}

func filler(tb testing.TB, seed int64) *randfill.Filler {
	tb.Helper()
	codecs := serializer.NewCodecFactory(newScheme(tb))
	return fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, quantities), rand.NewSource(seed), codecs)
}

// FuzzJSONRoundTrip proves that no field of any kind is lost or changed by writing an object as JSON and reading it,
// and that a deep copy equals its original and shares nothing with it.
func FuzzJSONRoundTrip(f *testing.F) {
	for seed := range int64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed int64) {
		fill := filler(t, seed)
		for kind, types := range kinds {
			for _, prototype := range []runtime.Object{types.object, types.list} {
				original := prototype.DeepCopyObject()
				fill.Fill(original)

				written, err := json.Marshal(original)
				require.NoError(t, err, kind)
				read := prototype.DeepCopyObject()
				require.NoError(t, json.Unmarshal(written, read), kind)
				require.True(t, apiequality.Semantic.DeepEqual(original, read), "%s changed: %s", kind, written)

				copied := original.DeepCopyObject()
				fill.Fill(original)
				again, err := json.Marshal(copied)
				require.NoError(t, err, kind)
				require.JSONEq(t, string(written), string(again), "%s: a deep copy shares memory with its original", kind)
			}
		}
	})
}
