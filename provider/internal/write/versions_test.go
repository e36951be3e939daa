package write_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

func machineAt(version string) *infrav1.HarvesterMachine {
	return &infrav1.HarvesterMachine{ObjectMeta: metav1.ObjectMeta{UID: "u", ResourceVersion: version}}
}

func TestVersionsWaitForTheCache(t *testing.T) {
	versions := &write.Versions{}
	assert.False(t, versions.Behind(machineAt("5")), "nothing was written")
	versions.Note(machineAt("7"))
	assert.True(t, versions.Behind(machineAt("6")))
	assert.True(t, versions.Behind(machineAt("6")), "again")
	assert.False(t, versions.Behind(machineAt("7")))
	assert.False(t, versions.Behind(machineAt("6")), "what the cache has shown is forgotten")
}

// A restored etcd has lost the last writes, and counts on from before them: an object stays older than what was written
// for as long as nobody writes it, which is for ever where every reconcile waits.
func TestVersionsThatGoBackAreNotWaitedForForEver(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Now())
	versions := &write.Versions{Clock: clock}
	versions.Note(machineAt("900"))
	restored := machineAt("500")
	assert.True(t, versions.Behind(restored), "the cache may lag")
	clock.SetTime(clock.Now().Add(5 * time.Second))
	assert.False(t, versions.Behind(restored))
	versions.Note(machineAt("501"))
	assert.True(t, versions.Behind(restored), "what is written after that is waited for as ever")
}

func TestFilter(t *testing.T) {
	labelled, other := machineAt("1"), machineAt("1")
	labelled.Labels = map[string]string{clusterv1.WatchLabel: "team"}
	other.Labels = map[string]string{clusterv1.WatchLabel: "others"}
	for _, object := range []*infrav1.HarvesterMachine{labelled, other, machineAt("1")} {
		assert.False(t, write.Filter("").Excludes(object))
		assert.Equal(t, object != labelled, write.Filter("team").Excludes(object))
	}
}
