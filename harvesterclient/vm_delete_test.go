package harvesterclient

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// deletable makes a machine with two disks of its own and a guest's volume, held back by a finalizer as on Harvester.
func deletable(t *testing.T, server *apiServer, namespace string) *kubevirtv1.VirtualMachine {
	t.Helper()
	vm := newVM(namespace, "a", ours)
	vm.Finalizers = []string{"kubevirt.io/virtualMachineControllerFinalize"}
	vm.Annotations = map[string]string{
		AnnotationVolumeClaimTemplates: `[{"metadata":{"name":"a-disk-0"}},{"metadata":{"name":"a-disk-1"}}]`,
		AnnotationRemovedClaims:        "chosen-by-user, a-disk-1",
	}
	vm.Spec.Template.Spec.Volumes = []kubevirtv1.Volume{claimVolume("a-disk-0", false), claimVolume("pvc-guest", true)}
	require.NoError(t, server.admin.Create(t.Context(), vm))

	return vm
}

// watched is an admin's client that lets a test look at, and interfere with, each request.
func watched(t *testing.T, server *apiServer, funcs interceptor.Funcs) client.Client {
	t.Helper()
	c, err := client.NewWithWatch(server.config, client.Options{Scheme: NewScheme()})
	require.NoError(t, err)

	return interceptor.NewClient(c, funcs)
}

func read(t *testing.T, server *apiServer, vm *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachine {
	t.Helper()
	live := &kubevirtv1.VirtualMachine{}
	require.NoError(t, server.admin.Get(t.Context(), client.ObjectKeyFromObject(vm), live))

	return live
}

func TestDeleteVM(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	vm := deletable(t, server, server.namespace(t))
	var order []string
	c := watched(t, server, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			order = append(order, "patch")
			return c.Patch(ctx, obj, patch, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			order = append(order, "delete")
			return c.Delete(ctx, obj, opts...)
		},
	})
	require.NoError(t, DeleteVM(t.Context(), c, vm))
	assert.Equal(t, []string{"patch", "delete"}, order, "Harvester looks at the annotation once, when it sees the deletion")
	live := read(t, server, vm)
	assert.NotNil(t, live.DeletionTimestamp)
	assert.Equal(t, "chosen-by-user,a-disk-1,a-disk-0", live.Annotations[AnnotationRemovedClaims])
	assert.Contains(t, live.Finalizers, "foregroundDeletion")
	assert.Contains(t, live.Finalizers, "kubevirt.io/virtualMachineControllerFinalize")

	version := live.ResourceVersion
	require.NoError(t, DeleteVM(t.Context(), c, vm), "again, while it is going")
	assert.Equal(t, version, read(t, server, vm).ResourceVersion)
	require.NoError(t, server.admin.Patch(t.Context(), live, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
	require.NoError(t, DeleteVM(t.Context(), c, vm), "again, when it is gone")
}

// Others write to a machine all the time; their writes are kept and the deletion goes through.
func TestDeleteVMWithOtherWriters(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	vm := deletable(t, server, server.namespace(t))
	interfered := 0
	c := watched(t, server, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if interfered++; interfered <= 2 {
				other := newVM(obj.GetNamespace(), obj.GetName(), nil)
				data := []byte(`{"metadata":{"annotations":{"harvesterhci.io/mac-address":"{}","n":"` + string(rune('0'+interfered)) + `"}}}`)
				require.NoError(t, c.Patch(ctx, other, client.RawPatch(types.MergePatchType, data)))
			}
			return c.Patch(ctx, obj, patch, opts...)
		},
	})
	require.NoError(t, DeleteVM(t.Context(), c, vm))
	live := read(t, server, vm)
	assert.Equal(t, "2", live.Annotations["n"])
	assert.Equal(t, "{}", live.Annotations[AnnotationMACAddresses])
	assert.Equal(t, "chosen-by-user,a-disk-1,a-disk-0", live.Annotations[AnnotationRemovedClaims])
	assert.NotNil(t, live.DeletionTimestamp)
}

func TestDeleteVMSparesAnother(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	vm := deletable(t, server, namespace)
	mine := vm.DeepCopy()
	mine.UID = "another"
	assertOnlyKind(t, ErrConflict, DeleteVM(t.Context(), server.admin, mine))
	assert.Nil(t, read(t, server, vm).DeletionTimestamp)
	assert.Equal(t, "chosen-by-user, a-disk-1", read(t, server, vm).Annotations[AnnotationRemovedClaims])

	// Replaced between the look and the deletion.
	c := watched(t, server, interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			require.NoError(t, c.Patch(ctx, obj.DeepCopyObject().(client.Object), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))) //nolint:forcetypeassert // a copy of an object is one
			require.NoError(t, c.Delete(ctx, newVM(namespace, "a", nil)))
			require.NoError(t, c.Create(ctx, newVM(namespace, "a", ours)))
			return c.Delete(ctx, obj, opts...)
		},
	})
	assertOnlyKind(t, ErrConflict, DeleteVM(t.Context(), c, vm))
	assert.Nil(t, read(t, server, vm).DeletionTimestamp)
}

func TestDeleteVMReportsFailures(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	vm := deletable(t, server, server.namespace(t))
	c := watched(t, server, interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return apierrors.NewServiceUnavailable("away")
		},
	})
	err := DeleteVM(t.Context(), c, vm)
	assertOnlyKind(t, ErrTransient, err)
	require.ErrorContains(t, err, "mark the disks of virtual machine")
	assert.Nil(t, read(t, server, vm).DeletionTimestamp, "without the mark it must not be deleted")

	c = watched(t, server, interceptor.Funcs{
		Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
			return apierrors.NewGenericServerResponse(http.StatusForbidden, "delete", poolResource, "a", "no", 0, false)
		},
	})
	err = DeleteVM(t.Context(), c, vm)
	assertOnlyKind(t, ErrUnauthorized, err)
	assert.ErrorContains(t, err, "delete virtual machine")
}
