package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// milestone is when something was first seen of one machine; zero until it was.
type milestone struct {
	machine, owned, vm, address, provisioned time.Time
	// cluster is the namespace of the machine, and of its cluster.
	cluster string
}

// added is what CAPHV and Cluster API added to the VM's own time from its creation to its first address; false until all
// is known.
func (m milestone) added() (time.Duration, bool) {
	return m.since(m.machine)
}

// own is CAPHV's share of it: what was added once Cluster API had given the machine to CAPHV and the cluster's
// infrastructure, seen at ready, was there. False until all is known.
func (m milestone) own(ready time.Time) (time.Duration, bool) {
	if m.owned.IsZero() || ready.IsZero() {
		return 0, false
	}
	if m.owned.After(ready) {
		ready = m.owned
	}
	return m.since(ready)
}

func (m milestone) since(start time.Time) (time.Duration, bool) {
	if start.IsZero() || m.vm.IsZero() || m.address.IsZero() || m.provisioned.IsZero() {
		return 0, false
	}
	return m.provisioned.Sub(start) - m.address.Sub(m.vm), true
}

// milestones watch both planes. Times are those at which this process heard of it, as objects only tell whole seconds.
type milestones struct {
	mu    sync.Mutex
	known map[string]*milestone
	// ready is when a cluster's infrastructure was first seen to be provisioned, by namespace.
	ready map[string]time.Time
	// management reads what is watched of the management cluster.
	management client.Reader
}

func (m *milestones) reach(name string, place func(*milestone) *time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[name] == nil {
		m.known[name] = &milestone{}
	}
	if at := place(m.known[name]); at.IsZero() {
		*at = time.Now()
	}
}

// added returns what was added to each machine that has reached all milestones.
func (m *milestones) added() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []time.Duration
	for _, reached := range m.known {
		if added, whole := reached.added(); whole {
			all = append(all, added)
		}
	}
	return all
}

// own returns CAPHV's share for each machine that has reached all milestones.
func (m *milestones) own() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []time.Duration
	for _, reached := range m.known {
		if own, whole := reached.own(m.ready[reached.cluster]); whole {
			all = append(all, own)
		}
	}
	return all
}

// watch starts watching, until ctx ends, and returns when both planes are watched.
func (f *Fleet) watch(ctx context.Context) (*milestones, error) {
	m := &milestones{known: map[string]*milestone{}, ready: map[string]time.Time{}}
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	planes := []struct {
		config  *rest.Config
		scheme  *runtime.Scheme
		objects []client.Object
	}{
		{f.sandbox.Management().Config(), scheme, []client.Object{&clusterv1.Cluster{}, &clusterv1.Machine{}, &infrav1.HarvesterMachine{}}},
		{f.sandbox.Harvester().Admin(), harvesterclient.NewScheme(), []client.Object{&kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}}},
	}
	for i, plane := range planes {
		c, err := cache.New(plane.config, cache.Options{Scheme: plane.scheme})
		if err != nil {
			return nil, fmt.Errorf("watching machines: %w", err)
		}
		if i == 0 {
			m.management = c
		}
		for _, object := range plane.objects {
			informer, err := c.GetInformer(ctx, object, cache.BlockUntilSynced(false))
			if err != nil {
				return nil, fmt.Errorf("watching %T: %w", object, err)
			}
			if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
				AddFunc: m.see, UpdateFunc: func(_, object any) { m.see(object) },
			}); err != nil {
				return nil, fmt.Errorf("watching %T: %w", object, err)
			}
		}
		go func() { _ = c.Start(ctx) }()
		if !c.WaitForCacheSync(ctx) {
			return nil, fmt.Errorf("watching machines: %w", context.Cause(ctx))
		}
	}
	return m, nil
}

func (m *milestones) see(object any) {
	switch seen := object.(type) {
	case *clusterv1.Machine:
		m.reach(seen.Spec.InfrastructureRef.Name, func(at *milestone) *time.Time { return &at.machine })
	case *clusterv1.Cluster:
		m.seeCluster(seen)
	case *infrav1.HarvesterMachine:
		if slices.ContainsFunc(seen.OwnerReferences, func(owner metav1.OwnerReference) bool { return owner.Kind == "Machine" }) {
			m.reach(seen.Name, func(at *milestone) *time.Time { at.cluster = seen.Namespace; return &at.owned })
		}
		if seen.Status.Initialization.IsProvisioned() {
			m.reach(seen.Name, func(at *milestone) *time.Time { return &at.provisioned })
		}
	case *kubevirtv1.VirtualMachine:
		m.reach(seen.Name, func(at *milestone) *time.Time { return &at.vm })
	case *kubevirtv1.VirtualMachineInstance:
		if len(seen.Status.Interfaces) > 0 && seen.Status.Interfaces[0].IP != "" {
			m.reach(seen.Name, func(at *milestone) *time.Time { return &at.address })
		}
	}
}

func (m *milestones) seeCluster(cluster *clusterv1.Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready[cluster.Namespace].IsZero() && ptr.Deref(cluster.Status.Initialization.InfrastructureProvisioned, false) {
		m.ready[cluster.Namespace] = time.Now()
	}
}
