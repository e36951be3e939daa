package guest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

var errAway = errors.New("away")

// gate keeps callers inside until it is opened, and tells who came in.
type gate struct {
	entered chan client.ObjectKey
	open    chan struct{}
}

func (g *gate) GetRESTConfig(_ context.Context, cluster client.ObjectKey) (*rest.Config, error) {
	g.entered <- cluster
	<-g.open
	return nil, errAway
}

func TestMachinesOfOneClusterLeaveEtcdOneByOne(t *testing.T) {
	g := &gate{entered: make(chan client.ObjectKey), open: make(chan struct{})}
	etcd := &Etcd{Clusters: g}
	leave := func(cluster, node string) error {
		_, _, err := etcd.Leave(t.Context(), Leaving{
			Cluster: client.ObjectKey{Namespace: "ns", Name: cluster}, Node: node, ControlPlaneKind: "RKE2ControlPlane",
		})
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { assert.ErrorIs(t, leave("one", "a"), ErrUnreachable) })
	<-g.entered
	require.ErrorIs(t, leave("one", "b"), ErrEtcdBusy)
	wg.Go(func() { assert.ErrorIs(t, leave("two", "a"), ErrUnreachable) })
	assert.Equal(t, "two", (<-g.entered).Name, "another cluster does not wait")
	close(g.open)
	wg.Wait()
	wg.Go(func() { assert.ErrorIs(t, leave("one", "b"), ErrUnreachable) })
	<-g.entered
	wg.Wait()
}

func TestAnUnknownControlPlaneIsLeftAlone(t *testing.T) {
	plan, acted, err := (&Etcd{}).Leave(t.Context(), Leaving{Node: "a", ControlPlaneKind: "OtherControlPlane"})
	require.NoError(t, err)
	assert.False(t, acted)
	assert.Equal(t, etcdops.ActionNone, plan.Action)
}
