package harvestercluster

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pagedReader serves objects a page at a time, as an API server does for a list with a limit.
type pagedReader struct {
	client.Reader

	items []metav1.PartialObjectMetadata
}

func (r *pagedReader) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	parsed := (&client.ListOptions{}).ApplyOptions(options)
	target, ok := list.(*metav1.PartialObjectMetadataList)
	if !ok || parsed.Limit <= 0 {
		return fmt.Errorf("unexpected list of %T with limit %d", list, parsed.Limit)
	}
	from, _ := strconv.Atoi(parsed.Continue)
	to := min(from+int(parsed.Limit), len(r.items))
	target.Items, target.Continue = r.items[from:to], ""
	if to < len(r.items) {
		target.Continue = strconv.Itoa(to)
	}
	return nil
}

// A namespace was deleted with a volume in it that stayed, as it stood behind three that were going.
func TestWhatStaysIsFoundBehindWhatGoes(t *testing.T) {
	t.Parallel()
	going := metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "going", DeletionTimestamp: &metav1.Time{Time: time.Now()}}}
	staying := metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "staying"}}
	gvk := schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}
	for _, before := range []int{0, 1, 3, contentPage - 1, contentPage, contentPage + 1, 3 * contentPage} {
		reader := &pagedReader{}
		for range before {
			reader.items = append(reader.items, going)
		}
		found, err := firstOfKind(t.Context(), reader, corev1.NamespaceDefault, gvk)
		require.NoError(t, err)
		assert.Empty(t, found, "%d that go", before)

		reader.items = append(reader.items, staying)
		found, err = firstOfKind(t.Context(), reader, corev1.NamespaceDefault, gvk)
		require.NoError(t, err)
		assert.Equal(t, "PersistentVolumeClaim staying", found, "behind %d that go", before)
	}
}
