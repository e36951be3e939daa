package guest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

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
	etcd, woken := &Etcd{Clusters: g}, make(chan string, 10)
	leave := func(cluster, node string) error {
		_, _, err := etcd.Leave(t.Context(), Leaving{
			Cluster: client.ObjectKey{Namespace: "ns", Name: cluster}, Machine: client.ObjectKey{Namespace: "ns", Name: node},
			Node: node, ControlPlaneKind: "RKE2ControlPlane", Wake: func() { woken <- cluster + "/" + node },
		})
		return err
	}

	require.ErrorIs(t, leave("one", "a"), ErrEtcdAsking, "nobody waits for a workload cluster")
	<-g.entered
	require.ErrorIs(t, leave("one", "a"), ErrEtcdAsking)
	require.ErrorIs(t, leave("one", "b"), ErrEtcdBusy)
	require.ErrorIs(t, leave("two", "c"), ErrEtcdAsking)
	assert.Equal(t, "two", (<-g.entered).Name, "another cluster does not wait")

	close(g.open)
	assert.ElementsMatch(t, []string{"one/a", "two/c"}, []string{<-woken, <-woken})
	require.ErrorIs(t, leave("one", "a"), ErrUnreachable)
	require.ErrorIs(t, leave("two", "c"), ErrUnreachable)
	require.ErrorIs(t, leave("one", "b"), ErrEtcdAsking)
	<-g.entered
	assert.Equal(t, "one/b", <-woken)
	require.ErrorIs(t, leave("one", "b"), ErrUnreachable)
}

// A machine whose answer is not fetched, as it is gone, blocks no other for ever.
func TestAnAnswerThatNobodyFetchesIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{entered: make(chan client.ObjectKey, 10), open: make(chan struct{})}
		close(g.open)
		etcd := &Etcd{Clusters: g}
		leave := func(node string) error {
			_, _, err := etcd.Leave(t.Context(), Leaving{Machine: client.ObjectKey{Name: node}, Node: node, ControlPlaneKind: "RKE2ControlPlane"})
			return err
		}
		require.ErrorIs(t, leave("a"), ErrEtcdAsking)
		synctest.Wait()
		require.ErrorIs(t, leave("b"), ErrEtcdAsking)
		synctest.Wait()
		require.ErrorIs(t, leave("a"), ErrEtcdAsking, "the answer to b came after the one to a")
		synctest.Wait()
		time.Sleep(maxAnswerAge + time.Second)
		require.ErrorIs(t, leave("a"), ErrEtcdAsking, "an old answer says nothing")
		synctest.Wait()
	})
}

func TestAnUnknownControlPlaneIsLeftAlone(t *testing.T) {
	plan, acted, err := (&Etcd{}).Leave(t.Context(), Leaving{Node: "a", ControlPlaneKind: "OtherControlPlane"})
	require.NoError(t, err)
	assert.False(t, acted)
	assert.Equal(t, etcdops.ActionNone, plan.Action)
}
