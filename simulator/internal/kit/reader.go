package kit

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Known reads single objects from the caches, as Harvester's webhooks and controllers do, and asks the apiserver only for
// what they do not hold: what was made a moment ago is found. Of an object that changed or went a moment ago it may give
// the old state. Lists are read from the apiserver.
type Known struct {
	// Cache reads from watching caches.
	Cache client.Reader
	// Live reads from the apiserver.
	client.Reader
}

// Get implements client.Reader.
func (k Known) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	err := k.Cache.Get(ctx, key, object, options...)
	if apierrors.IsNotFound(err) {
		return k.Reader.Get(ctx, key, object, options...)
	}
	return err
}

// Known reads single objects from the caches first.
func (e Env) Known() Known { return Known{Cache: e.Client, Reader: e.Live} }
