package integration

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func quantity(text string) resource.Quantity { return resource.MustParse(text) }

func splitNames(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' })
}

// deleteClaim deletes a volume; the protection that the API server's own admission puts on it is taken off.
func (w *world) deleteClaim(name string) {
	w.t.Helper()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: w.target, Name: name}}
	if !w.exists(w.harvester, w.target, name, claim) {
		return
	}
	base := client.MergeFrom(claim.DeepCopy())
	claim.Finalizers = nil
	require.NoError(w.t, w.harvester.Patch(w.ctx, claim, base))
	require.NoError(w.t, client.IgnoreNotFound(w.harvester.Delete(w.ctx, claim)))
}

func objectKey(namespace, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func ptrTo[T any](value T) *T { return &value }

func labelSet(all map[string]string) labels.Set { return all }

// countWord counts the lines in which the word is.
func countWord(text, word string) int {
	count := 0
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, word) {
			count++
		}
	}
	return count
}

// freeAddress is a local address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
