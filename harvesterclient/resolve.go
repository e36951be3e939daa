package harvesterclient

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// splitRef reads "[<namespace>/]<name>".
func splitRef(kind, ref, defaultNamespace string) (client.ObjectKey, error) {
	namespace, name, found := strings.Cut(ref, "/")
	if !found {
		namespace, name = defaultNamespace, ref
	}
	if namespace == "" || name == "" || strings.Contains(name, "/") {
		return client.ObjectKey{}, failf(ErrInvalid, "%s %q: want <name> or <namespace>/<name>", kind, ref)
	}

	return client.ObjectKey{Namespace: namespace, Name: name}, nil
}

// readError says what was being looked up, and keeps the kind of the error.
func readError(kind string, key client.ObjectKey, err error) error {
	name := key.Name
	if key.Namespace != "" {
		name = key.String()
	}
	if client.IgnoreNotFound(err) == nil {
		return failf(ErrNotFound, "%s %q does not exist on Harvester", kind, name)
	}

	return fmt.Errorf("look up %s %q on Harvester: %w", kind, name, Classify(err))
}

// condition is the common part of the two Condition types of Harvester's APIs.
type condition struct {
	status  corev1.ConditionStatus
	message string
}

func (c condition) isTrue() bool  { return c.status == corev1.ConditionTrue }
func (c condition) isFalse() bool { return c.status == corev1.ConditionFalse }

// sortedQuoted lists names for an error message, in an order that does not change.
func sortedQuoted(names []string) string {
	quoted := make([]string, 0, len(names))
	for _, name := range names {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	slices.Sort(quoted)

	return strings.Join(quoted, ", ")
}
