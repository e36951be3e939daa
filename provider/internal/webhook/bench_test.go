package webhook

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// BenchmarkHandle asks about changes, in process: a machine as they are in practice, and the largest that makes sense.
// It reports the latency that 99 of 100 requests stay below.
func BenchmarkHandle(b *testing.B) {
	engine, err := validation.NewEngine()
	require.NoError(b, err)
	handler := &Handler{Engine: engine}
	for _, size := range []struct {
		name            string
		disks, networks int
	}{{"usual", 1, 1}, {"large", 8, 4}, {"largest", 32, 16}} {
		request := changeOf(b, size.disks, size.networks)
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			var taken []time.Duration
			for b.Loop() {
				start := time.Now()
				if !handler.Handle(b.Context(), request).Allowed {
					b.Fatal("refused")
				}
				taken = append(taken, time.Since(start))
			}
			slices.Sort(taken)
			b.ReportMetric(float64(taken[len(taken)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds()), "p99-µs")
		})
	}
}

func changeOf(b *testing.B, disks, networks int) admission.Request {
	b.Helper()
	var object map[string]any
	readYAML(b, filepath.Join(fixtureFolder, "base", "harvestermachine.yaml"), &object)
	spec := object["spec"].(map[string]any)
	var volumes, names []any
	for i := range disks {
		volumes = append(volumes, map[string]any{
			"volumeType": "image", "imageName": "default/image", "volumeSize": "40Gi", "bootOrder": int64(i + 1),
		})
	}
	for i := range networks {
		names = append(names, fmt.Sprintf("default/network-%d", i))
	}
	spec["volumes"], spec["networks"] = volumes, names
	raw, err := json.Marshal(object)
	require.NoError(b, err)
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: admissionv1.Update, Object: runtime.RawExtension{Raw: raw}, OldObject: runtime.RawExtension{Raw: raw},
	}}
}
