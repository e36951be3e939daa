package statuspage

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// counting is a reader that answers every list with nothing, or with an error.
type counting struct {
	client.Reader

	lists int
	err   error
}

func (c *counting) List(context.Context, client.ObjectList, ...client.ListOption) error {
	c.lists++
	return c.err
}

func noPools(context.Context, []infrav1.HarvesterCluster) ([]Pool, []string) { return nil, nil }

// Many readers cost no more than one, and nothing is read while no one looks.
func TestSnapshotIsShared(t *testing.T) {
	cached, live, clock := &counting{}, &counting{}, clocktesting.NewFakePassiveClock(noon)
	source := &Source{Cached: cached, Live: live, Pools: noPools, Clock: clock}
	for range 10 {
		_, err := source.Snapshot(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, 4, cached.lists)
	assert.Equal(t, len(eventKinds), live.lists)
	clock.SetTime(noon.Add(kept))
	_, err := source.Snapshot(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 8, cached.lists)
	clock.SetTime(noon.Add(-time.Hour))
	_, err = source.Snapshot(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 12, cached.lists, "a clock that was set back does not keep an old page")
}

func TestSnapshotWithoutTheRightToEvents(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "events"}, "", errors.New("no"))
	source := &Source{Cached: &counting{}, Live: &counting{err: forbidden}, Pools: noPools, Clock: clocktesting.NewFakePassiveClock(noon)}
	snapshot, err := source.Snapshot(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"Events: the right to list them is missing"}, snapshot.Lacks)

	source = &Source{Cached: &counting{err: forbidden}, Live: &counting{}, Pools: noPools, Clock: clocktesting.NewFakePassiveClock(noon)}
	_, err = source.Snapshot(t.Context())
	require.ErrorIs(t, err, forbidden)
}

func TestPoolsOfEachIdentity(t *testing.T) {
	identity := func(name string) infrav1.HarvesterCluster {
		return infrav1.HarvesterCluster{Spec: infrav1.HarvesterClusterSpec{IdentitySecret: infrav1.SecretReference{Namespace: "prod", Name: name}}}
	}
	asked := 0
	read := PoolsOf(func(_ context.Context, cluster *infrav1.HarvesterCluster) ([]Pool, error) {
		asked++
		if cluster.Spec.IdentitySecret.Name == "second" {
			return nil, apierrors.NewUnauthorized("no")
		}
		return []Pool{pool("a", "192.0.2.10", "192.0.2.13", nil)}, nil
	})
	pools, lacks := read(t.Context(), []infrav1.HarvesterCluster{identity("first"), identity("second"), identity("first")})
	assert.Equal(t, 2, asked)
	require.Len(t, pools, 1)
	assert.Equal(t, "prod/first", pools[0].Identity)
	assert.Equal(t, []string{"IPPools of the Harvester of identity Secret prod/second: the credentials are refused"}, lacks)
}
