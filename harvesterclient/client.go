package harvesterclient

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// classifyingClient gives every error its kind, bounds every request in time, and refuses to replace what must
// be patched. The rest is the embedded client's.
type classifyingClient struct {
	client.Client

	timeout time.Duration
}

var _ client.Client = &classifyingClient{}

func (c *classifyingClient) bounded(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	return Classify(call(ctx))
}

// refuseReplace keeps a whole virtual machine or claim from being written. Harvester and its storage driver patch disks,
// addresses, requests and sizes into them at any time, and what Cache returns is stripped.
func refuseReplace(obj client.Object) error {
	switch obj.(type) {
	case *kubevirtv1.VirtualMachine, *kubevirtv1.VirtualMachineInstance, *corev1.PersistentVolumeClaim:
		return failf(ErrInvalid, "update of %T %s/%s: others write to it, so patch the fields that you own instead",
			obj, obj.GetNamespace(), obj.GetName())
	default:
		return nil
	}
}

func (c *classifyingClient) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Get(ctx, key, obj, opts...) })
}

func (c *classifyingClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.List(ctx, list, opts...) })
}

func (c *classifyingClient) Apply(ctx context.Context, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Apply(ctx, obj, opts...) })
}

func (c *classifyingClient) Create(ctx context.Context, obj client.Object, opts ...client.CreateOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Create(ctx, obj, opts...) })
}

func (c *classifyingClient) Delete(ctx context.Context, obj client.Object, opts ...client.DeleteOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Delete(ctx, obj, opts...) })
}

func (c *classifyingClient) Update(ctx context.Context, obj client.Object, opts ...client.UpdateOption) error {
	if err := refuseReplace(obj); err != nil {
		return err
	}

	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Update(ctx, obj, opts...) })
}

func (c *classifyingClient) Patch(ctx context.Context, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.Patch(ctx, obj, patch, opts...) })
}

func (c *classifyingClient) DeleteAllOf(ctx context.Context, obj client.Object, opts ...client.DeleteAllOfOption) error {
	return c.bounded(ctx, func(ctx context.Context) error { return c.Client.DeleteAllOf(ctx, obj, opts...) })
}

func (c *classifyingClient) Status() client.SubResourceWriter { return c.SubResource("status") }

func (c *classifyingClient) SubResource(name string) client.SubResourceClient {
	return &classifyingSubResource{SubResourceClient: c.Client.SubResource(name), parent: c}
}

// classifyingSubResource does for subresources what classifyingClient does for objects.
type classifyingSubResource struct {
	client.SubResourceClient

	parent *classifyingClient
}

func (c *classifyingSubResource) Get(ctx context.Context, obj, sub client.Object, opts ...client.SubResourceGetOption) error {
	return c.parent.bounded(ctx, func(ctx context.Context) error { return c.SubResourceClient.Get(ctx, obj, sub, opts...) })
}

func (c *classifyingSubResource) Create(ctx context.Context, obj, sub client.Object, opts ...client.SubResourceCreateOption) error {
	return c.parent.bounded(ctx, func(ctx context.Context) error { return c.SubResourceClient.Create(ctx, obj, sub, opts...) })
}

func (c *classifyingSubResource) Update(ctx context.Context, obj client.Object, opts ...client.SubResourceUpdateOption) error {
	return c.parent.bounded(ctx, func(ctx context.Context) error { return c.SubResourceClient.Update(ctx, obj, opts...) })
}

func (c *classifyingSubResource) Patch(ctx context.Context, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	return c.parent.bounded(ctx, func(ctx context.Context) error { return c.SubResourceClient.Patch(ctx, obj, patch, opts...) })
}

func (c *classifyingSubResource) Apply(ctx context.Context, obj runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
	return c.parent.bounded(ctx, func(ctx context.Context) error { return c.SubResourceClient.Apply(ctx, obj, opts...) })
}
