package v1alpha1_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
)

// FuzzKept converts objects whose annotations hold whatever someone wrote there. The conversion succeeds, and what the
// version says that it comes from still holds.
func FuzzKept(f *testing.F) {
	for i, seed := range []string{
		"", "null", "{}", "[]", "{", "5", `{"spec":null,"status":null}`, `{"spec":5}`, `{"spec":{"volumes":5}}`, `{"metadata":{"name":5}}`,
		`{"metadata":{"name":"another","annotations":{"a":"b"}},"kind":"Another","spec":{}}`,
		`{"spec":{"cpu":-1,"memory":"1e9","volumes":[{"bootOrder":9223372036854775807,"volumeSize":"0.5"},null,{"bootOrder":1e99}]}}`,
		`{"spec":{"volumes":[{"volumeType":"image","bootOrder":4294967296}],"networks":["a","a"]},"status":{"failureReason":"x"}}`,
		`{"spec":{"template":{"spec":{"volumes":[{"bootOrder":4294967296}]}}},"status":{"initialization":{"provisioned":true}}}`,
		`{"status":{"ready":true,"addresses":[{"type":"InternalIP","address":"192.0.2.1"}],"conditions":[{"type":"Ready","status":"maybe"},{}]}}`,
		`{"status":{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"9999-12-31T23:59:59-01:00"}]}}`,
		`{"spec":{"unknown":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}`, `{"spec":{"sshUser":"` + strings.Repeat("x", 1<<14) + `"}}`,
	} {
		f.Add(int64(i), seed)
	}
	f.Fuzz(func(t *testing.T, seed int64, text string) {
		for name, kind := range kinds {
			requireHarmless(t, name, kind, seed, text)
		}
	})
}

// requireHarmless converts a filled and an empty object of either version to the other one and back. The text may add what
// the other version alone can say; it changes nothing of the object's own.
func requireHarmless(t *testing.T, name string, kind kind, seed int64, text string) {
	t.Helper()
	filler := filler(t, seed)
	for _, spoke := range []object{fill(filler, kind.spoke), empty(kind.spoke)} {
		annotate(spoke, v1alpha1.HubDataAnnotation, text)
		requireEqual(t, ownFields(t, spoke), ownFields(t, kind.down(t, kind.up(t, spoke))), "%s of v1alpha1", name)
	}
	for _, hub := range []object{fill(filler, kind.hub), empty(kind.hub)} {
		annotate(hub, v1alpha1.DataAnnotation, text)
		requireEqual(t, ownFields(t, hub), ownFields(t, kind.up(t, kind.down(t, hub))), "%s of v1beta1", name)
	}
}

func annotate(object object, annotation, text string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[annotation], annotations["of"] = text, "another"
	object.SetAnnotations(annotations)
}

// ownFields is what an object says itself. Conditions are left out: one that is invalid is translated to another one.
func ownFields(t *testing.T, whole object) object {
	t.Helper()
	content := fields(t, whole)
	if status, ok := content["status"].(map[string]any); ok {
		delete(status, "conditions")
	}
	text, err := json.Marshal(content)
	require.NoError(t, err)
	own := reflect.New(reflect.TypeOf(whole).Elem()).Interface().(object)
	require.NoError(t, json.Unmarshal(text, own))
	annotations := own.GetAnnotations()
	delete(annotations, v1alpha1.HubDataAnnotation)
	delete(annotations, v1alpha1.DataAnnotation)
	own.SetAnnotations(annotations)
	return own
}
