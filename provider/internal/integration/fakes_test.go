package integration

import (
	"context"
	"sync"

	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/guest"
)

// fakeGuest is a guest cluster that can be away.
type fakeGuest struct {
	client client.Client

	mu   sync.Mutex
	down bool
}

func newFakeGuest() *fakeGuest {
	return &fakeGuest{client: fake.NewClientBuilder().WithScheme(scheme.Scheme).Build()}
}

func (g *fakeGuest) setDown(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

func (g *fakeGuest) GetClient(context.Context, client.ObjectKey) (client.Client, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		return nil, clustercache.ErrClusterNotConnected
	}
	return g.client, nil
}

func (g *fakeGuest) Watch(context.Context, client.ObjectKey, clustercache.Watcher) error { return nil }

// fakeEtcd answers what the test says, and remembers what it was asked.
type fakeEtcd struct {
	mu    sync.Mutex
	plan  etcdops.Plan
	acted bool
	err   error
	asked []guest.Leaving
}

func (e *fakeEtcd) answer(plan etcdops.Plan, acted bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plan, e.acted, e.err = plan, acted, err
}

func (e *fakeEtcd) Leave(_ context.Context, leaving guest.Leaving) (etcdops.Plan, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	leaving.Wake = nil // It answers at once, so there is nothing to wake for.
	e.asked = append(e.asked, leaving)
	return e.plan, e.acted, e.err
}

func (e *fakeEtcd) calls() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}
