package harvesterclient

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// cachedKinds are the kinds a connection watches. Only those of others' making are selected by label.
func cachedKinds(selector labels.Selector) map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&kubevirtv1.VirtualMachine{}:         {Label: selector},
		&kubevirtv1.VirtualMachineInstance{}: {Label: selector},
		&lbv1.LoadBalancer{}:                 {Label: selector},
		&corev1.PersistentVolumeClaim{}:      {Label: selector},
		&lbv1.IPPool{}:                       {Label: labels.Everything()},
	}
}

// kindCache is the cache of one kind.
type kindCache struct {
	gvk      schema.GroupVersionKind
	object   client.Object
	informer cache.Informer

	mu  sync.Mutex
	err error // why the last list or watch failed; nil when it did not
}

func (k *kindCache) lastError() error {
	k.mu.Lock()
	defer k.mu.Unlock()

	return k.err
}

func (k *kindCache) note(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

// caches are the caches of one connection. They read only; a read never waits.
type caches struct {
	cache  cache.Cache
	scheme *runtime.Scheme
	kinds  map[schema.GroupVersionKind]*kindCache
}

// newCaches prepares the informers of all cached kinds. It makes no request. Lists and watches wait at the gate.
func newCaches(cfg *rest.Config, httpClient *http.Client, scheme *runtime.Scheme, mapper meta.RESTMapper,
	selector labels.Selector, gate func(context.Context) error,
) (*caches, error) {
	result := &caches{scheme: scheme, kinds: map[schema.GroupVersionKind]*kindCache{}}
	newInformer := func(lw toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		return toolscache.NewSharedIndexInformer(gated(lw, gate, result.noteFor(obj)), obj, resync, indexers)
	}
	noResync := time.Duration(0)
	all, err := cache.New(cfg, cache.Options{
		HTTPClient: httpClient, Scheme: scheme, Mapper: mapper,
		ByObject:                    cachedKinds(selector),
		DefaultTransform:            strip,
		ReaderFailOnMissingInformer: true,
		SyncPeriod:                  &noResync,
		NewInformer:                 newInformer,
		DefaultWatchErrorHandler:    func(context.Context, *toolscache.Reflector, error) {}, // noted by the gate
	})
	if err != nil {
		return nil, fmt.Errorf("prepare caches: %w", err)
	}
	result.cache = all

	err = result.addKinds(selector)

	return result, err
}

func (c *caches) addKinds(selector labels.Selector) error {
	unsynced := cache.BlockUntilSynced(false)
	for object := range cachedKinds(selector) {
		kind, err := c.addKind(object)
		if err != nil {
			return err
		}
		// Without a wait this makes no request, so no context is needed.
		if kind.informer, err = c.cache.GetInformer(context.Background(), object, unsynced); err != nil {
			return fmt.Errorf("prepare cache of %s: %w", kind.gvk.Kind, err)
		}
	}

	return nil
}

func (c *caches) addKind(object client.Object) (*kindCache, error) {
	gvk, err := c.kindOf(object)
	if err != nil {
		return nil, err
	}
	kind := &kindCache{gvk: gvk, object: object}
	c.kinds[gvk] = kind

	return kind, nil
}

// kindOf is the kind of an object, or of the items of a list.
func (c *caches) kindOf(object runtime.Object) (schema.GroupVersionKind, error) {
	gvk, err := apiutil.GVKForObject(object, c.scheme)
	if err != nil {
		return gvk, failf(ErrInvalid, "cache: %w", err)
	}
	if meta.IsListType(object) {
		gvk.Kind = strings.TrimSuffix(gvk.Kind, "List")
	}

	return gvk, nil
}

// noteFor is where the informer of a kind reports how its last list or watch went.
func (c *caches) noteFor(object runtime.Object) func(error) {
	gvk, err := c.kindOf(object)
	if kind := c.kinds[gvk]; err == nil && kind != nil {
		return kind.note
	}

	return func(error) {}
}

// gated makes lists and watches wait until the Harvester can be reached, and reports how they went.
func gated(inner toolscache.ListerWatcher, gate func(context.Context) error, note func(error)) toolscache.ListerWatcher {
	lw := toolscache.ToListerWatcherWithContext(inner)

	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			if err := gate(ctx); err != nil {
				return nil, err
			}
			list, err := lw.ListWithContext(ctx, options)
			note(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			if err := gate(ctx); err != nil {
				return nil, err
			}
			stream, err := lw.WatchWithContext(ctx, options)
			note(err)
			return stream, err
		},
	}
}

// settled is true when every cache is filled or has been refused: waiting longer brings nothing.
func (c *caches) settled() bool {
	for _, kind := range c.kinds {
		if !kind.informer.HasSynced() && kind.lastError() == nil {
			return false
		}
	}

	return true
}

// ready gives the reason why a kind cannot be read yet.
func (c *caches) ready(object runtime.Object) error {
	gvk, err := c.kindOf(object)
	if err != nil {
		return err
	}
	kind := c.kinds[gvk]
	switch {
	case kind == nil:
		return failf(ErrInvalid, "%s is not cached: read it with Connection.Client", gvk.Kind)
	case kind.informer.HasSynced():
		return nil
	}
	if err := Classify(kind.lastError()); err != nil {
		return fmt.Errorf("cache of %s is not filled: %w", gvk.Kind, err)
	}

	return failf(ErrNotReady, "cache of %s is not filled yet", gvk.Kind)
}

// Get reads an object from memory.
func (c *caches) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if err := c.ready(obj); err != nil {
		return err
	}

	return Classify(c.cache.Get(ctx, key, obj, opts...))
}

// List reads objects from memory.
func (c *caches) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := c.ready(list); err != nil {
		return err
	}

	return Classify(c.cache.List(ctx, list, opts...))
}
