package validation

import "strings"

// Group is the API group whose kinds the rules validate.
const Group = "infrastructure.cluster.x-k8s.io"

// topologyDryRunAnnotation marks the objects that Cluster API's topology controller sends in server-side dry runs, to
// learn what a change would lead to (Cluster API: TopologyDryRunAnnotation).
const topologyDryRunAnnotation = "topology.cluster.x-k8s.io/dry-run"

// versions of the group that the rules understand. Both have the fields the rules look at under the same names.
var versions = []string{"v1alpha1", "v1beta1"}

// kindOf returns the object's kind when it is of our group and a version we know.
func kindOf(object map[string]any) (string, bool) {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	group, version, _ := strings.Cut(apiVersion, "/")
	if group != Group || kind == "" {
		return "", false
	}
	for _, known := range versions {
		if version == known {
			return kind, true
		}
	}
	return "", false
}

func metadataOf(object map[string]any) map[string]any {
	metadata, _ := object["metadata"].(map[string]any)
	return metadata
}

// isBeingDeleted tells whether the object only waits for its finalizers.
func isBeingDeleted(object map[string]any) bool {
	timestamp, _ := metadataOf(object)["deletionTimestamp"].(string)
	return timestamp != ""
}

func hasAnnotation(object map[string]any, name string) bool {
	annotations, _ := metadataOf(object)["annotations"].(map[string]any)
	_, ok := annotations[name]
	return ok
}

// withoutNulls returns the object without fields that are null, which the API server drops too. The object itself is
// returned when it has none, and is never changed.
func withoutNulls(object map[string]any) map[string]any {
	if !hasNulls(object) {
		return object
	}
	cleaned, _ := dropNulls(object).(map[string]any)
	return cleaned
}

func hasNulls(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, field := range v {
			if field == nil || hasNulls(field) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if hasNulls(item) {
				return true
			}
		}
	}
	return false
}

func dropNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		fields := make(map[string]any, len(v))
		for name, field := range v {
			if field != nil {
				fields[name] = dropNulls(field)
			}
		}
		return fields
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = dropNulls(item)
		}
		return items
	default:
		return value
	}
}
