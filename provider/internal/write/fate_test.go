package write_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// A machine that was moved was taken for one that was lost, and the VM that it lives on with was deleted.
func TestFateOf(t *testing.T) {
	t.Parallel()
	cluster := func(uid types.UID, paused, deleting bool) *clusterv1.Cluster {
		c := &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{UID: uid}}
		if paused {
			c.Spec.Paused = ptr.To(true)
		}
		if deleting {
			c.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		return c
	}
	lives := cluster("a", false, false)
	for name, test := range map[string]struct {
		before, now *clusterv1.Cluster
		want        write.Fate
	}{
		"the Cluster lives":                        {lives, lives, write.FateLost},
		"the Cluster is being deleted":             {lives, cluster("a", false, true), write.FateLost},
		"the Cluster was deleted in order":         {cluster("a", false, true), nil, write.FateLost},
		"the Cluster is paused":                    {lives, cluster("a", true, false), write.FateMoved},
		"paused and being deleted":                 {lives, cluster("a", true, true), write.FateMoved},
		"it was paused, and is gone":               {cluster("a", true, false), nil, write.FateMoved},
		"it was paused, and is not any more":       {cluster("a", true, false), lives, write.FateMoved},
		"the Cluster is gone":                      {lives, nil, write.FateUnknown},
		"another Cluster has its name":             {lives, cluster("b", false, false), write.FateUnknown},
		"another one, and the first was deleted":   {cluster("a", false, true), cluster("b", false, false), write.FateLost},
		"nothing is known":                         {nil, nil, write.FateUnknown},
		"nothing was known, and the Cluster lives": {nil, lives, write.FateLost},
	} {
		assert.Equal(t, test.want, write.FateOf(test.before, test.now), name)
	}
}
