package storage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

func image(annotations map[string]string) *hciv1.VirtualMachineImage {
	return &hciv1.VirtualMachineImage{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "image-abc", UID: "u-1", Annotations: annotations},
		Spec:       hciv1.VirtualMachineImageSpec{DisplayName: "sles.qcow2", Retry: 3},
	}
}

func TestClassName(t *testing.T) {
	assert.Equal(t, "lh-u-1", ClassName(image(nil), true))
	assert.Equal(t, "longhorn-image-abc", ClassName(image(nil), false))
	cdi := image(nil)
	cdi.Spec.Backend = hciv1.BackendCDI
	assert.Equal(t, DefaultClass, ClassName(cdi, true))
	cdi.Spec.TargetStorageClassName = "fast"
	assert.Equal(t, "fast", ClassName(cdi, true))
}

func TestNextImageStatus(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	const takes = 3 * time.Second
	tests := map[string]struct {
		annotations        map[string]string
		running            time.Duration
		progress           int
		imported, exceeded bool
		size               int64
	}{
		"begins":               {nil, 0, 0, false, false, 0},
		"goes on":              {nil, 2 * time.Second, 66, false, false, 0},
		"is complete":          {nil, takes, 100, true, false, DefaultVirtualSize},
		"of a size":            {map[string]string{VirtualSizeAnnotation: "42"}, takes, 100, true, false, 42},
		"fails":                {map[string]string{ImportAnnotation: "fails"}, takes, 0, false, true, 0},
		"has not failed yet":   {map[string]string{ImportAnnotation: "fails"}, time.Second, 33, false, false, 0},
		"hangs just before it": {map[string]string{ImportAnnotation: "hangs"}, time.Hour, 99, false, false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status := NextImageStatus(image(test.annotations), test.running, takes, true, now)
			assert.Equal(t, test.progress, status.Progress)
			assert.Equal(t, test.size, status.VirtualSize)
			assert.Equal(t, test.imported, kit.IsTrue(status.Conditions, hciv1.ImageImported))
			assert.Equal(t, test.exceeded, kit.IsTrue(status.Conditions, hciv1.ImageRetryLimitExceeded))
			assert.True(t, kit.IsTrue(status.Conditions, hciv1.ImageInitialized))
			assert.Equal(t, "lh-u-1", status.StorageClassName, "named long before it can be used")
			again := image(test.annotations)
			again.Status = status
			assert.Equal(t, status, NextImageStatus(again, test.running, takes, true, now.Add(time.Hour)), "time alone changes nothing")
		})
	}
}
