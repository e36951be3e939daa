package progress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// ErrTimeout means that the cluster did not get there in time. The error that wraps it says what was missing.
var ErrTimeout = errors.New("not in time")

// result says how far a cluster is; the Cluster is nil if it does not exist.
type result func(cluster *unstructured.Unstructured, machines []*unstructured.Unstructured) State

// Follower watches one cluster.
type Follower struct {
	Client dynamic.Interface
	// Version is that of Cluster API's objects, v1beta1 or v1beta2.
	Version         string
	Namespace, Name string
	// Out gets a line whenever the Cluster or a Machine enters another phase.
	Out io.Writer
	// Timeout bounds the wait; zero means none.
	Timeout time.Duration
}

// AwaitUp returns when the cluster is up.
func (f Follower) AwaitUp(ctx context.Context) error {
	return f.await(ctx, Up)
}

// AwaitGone returns when the Cluster does not exist any more.
func (f Follower) AwaitGone(ctx context.Context) error {
	return f.await(ctx, Gone)
}

// Gone validates a cluster that is being deleted: it waits for what is still there.
func Gone(cluster *unstructured.Unstructured, machines []*unstructured.Unstructured) State {
	if cluster == nil {
		return State{}
	}
	state := Up(cluster, machines)
	state.Missing = nil
	for name := range state.Lines {
		state.Missing = append(state.Missing, name+" is still there")
	}
	slices.Sort(state.Missing)
	return state
}

// await validates the cluster whenever something about it changes, until nothing is missing.
func (f Follower) await(ctx context.Context, goal result) error {
	// Asked once without a deadline, so that an error is told as such, and what is missing is known however short the wait.
	state, err := f.now(ctx, goal)
	if err != nil {
		return err
	}
	shown := make(map[string]string)
	f.show(shown, state.Lines)
	if len(state.Missing) == 0 {
		return nil
	}
	if f.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, f.Timeout, ErrTimeout)
		defer cancel()
	}
	changed := make(chan struct{}, 1)
	byName := f.informer(ctx, f.resource("clusters"), changed, func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", f.Name).String()
	})
	byLabel := f.informer(ctx, f.resource("machines"), changed, func(o *metav1.ListOptions) {
		o.LabelSelector = f.selector()
	})
	if !cache.WaitForCacheSync(ctx.Done(), byName.HasSynced, byLabel.HasSynced) {
		return stopped(ctx, state.Missing)
	}
	for {
		state = goal(first(byName), listed(byLabel))
		f.show(shown, state.Lines)
		if len(state.Missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return stopped(ctx, state.Missing)
		case <-changed:
		}
	}
}

// now validates the cluster as it is.
func (f Follower) now(ctx context.Context, goal result) (State, error) {
	cluster, err := f.Client.Resource(f.resource("clusters")).Namespace(f.Namespace).Get(ctx, f.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		cluster, err = nil, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("reading the Cluster: %w", err)
	}
	list, err := f.Client.Resource(f.resource("machines")).Namespace(f.Namespace).List(ctx, metav1.ListOptions{LabelSelector: f.selector()})
	if err != nil {
		return State{}, fmt.Errorf("listing the Machines: %w", err)
	}
	found := make([]*unstructured.Unstructured, 0, len(list.Items))
	for i := range list.Items {
		found = append(found, &list.Items[i])
	}
	return goal(cluster, found), nil
}

func (f Follower) resource(name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "cluster.x-k8s.io", Version: f.Version, Resource: name}
}

func (f Follower) selector() string {
	return labels.Set{"cluster.x-k8s.io/cluster-name": f.Name}.String()
}

func (f Follower) informer(ctx context.Context, resource schema.GroupVersionResource, changed chan<- struct{},
	narrow func(*metav1.ListOptions),
) cache.SharedIndexInformer {
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(f.Client, 0, f.Namespace, narrow)
	informer := factory.ForResource(resource).Informer()
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // One is on its way.
		}
	}
	// It fails only for an informer that was stopped.
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	})
	factory.Start(ctx.Done())
	return informer
}

// show prints what is another than it was.
func (f Follower) show(shown, lines map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		if shown[name] != lines[name] {
			shown[name] = lines[name]
			fmt.Fprintf(f.Out, "%s: %s\n", name, lines[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if _, there := lines[name]; !there {
			delete(shown, name)
			fmt.Fprintf(f.Out, "%s: gone\n", name)
		}
	}
}

func stopped(ctx context.Context, missing []string) error {
	return fmt.Errorf("%w; missing:\n  %s", context.Cause(ctx), strings.Join(missing, "\n  "))
}

func first(informer cache.SharedIndexInformer) *unstructured.Unstructured {
	for _, object := range listed(informer) {
		return object
	}
	return nil
}

func listed(informer cache.SharedIndexInformer) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, object := range informer.GetStore().List() {
		if object, ok := object.(*unstructured.Unstructured); ok {
			objects = append(objects, object)
		}
	}
	return objects
}
