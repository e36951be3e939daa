package etcdops_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

const mebibyte = 1 << 20

// fill writes values of one MiB under the same key until etcd refuses or there are count of them, and returns the last
// revision.
func fill(t *testing.T, client *clientv3.Client, count int) (revision int64, err error) {
	t.Helper()
	for i := range count {
		value := string(bytes.Repeat([]byte{byte('a' + i%26)}, mebibyte))
		response, err := client.Put(t.Context(), "filler", value)
		if err != nil {
			return revision, err
		}
		revision = response.Header.Revision
	}
	return revision, nil
}

func (c *etcdCluster) report() etcdops.Report {
	c.t.Helper()
	return etcdops.Assess(c.observe(), nil)
}

// The alarm is etcd's own: its backend outgrows the quota.
func TestAFullBackendIsReported(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 1, fmt.Sprintf("--quota-backend-bytes=%d", 8*mebibyte))
	before := c.report().Members[0]
	assert.Empty(t, before.Alarms)
	assert.Less(t, before.QuotaPercent, int64(50))

	_, err := fill(t, c.raw(c.members[0]), 20)
	require.ErrorContains(t, err, "space exceeded")

	c.waitFor("the alarm", func(s etcdops.Snapshot) bool { return len(s.Alarms) > 0 })
	full := c.report().Members[0]
	assert.Equal(t, []etcdops.AlarmType{etcdops.AlarmNoSpace}, full.Alarms)
	assert.Greater(t, full.QuotaPercent, int64(50), "the next MiB does not fit")
	assert.True(t, full.Healthy, "it still votes")
}

// What defragmentation would free is what etcd itself says it does not use; defragmentation frees it.
func TestTheNeedOfDefragmentationComesAndGoes(t *testing.T) {
	t.Parallel()
	c := startEtcd(t, 1)
	raw := c.raw(c.members[0])
	revision, err := fill(t, raw, 150)
	require.NoError(t, err)
	require.False(t, c.report().Members[0].Defragment, "all of it is in use")

	_, err = raw.Compact(t.Context(), revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	c.waitFor("the free pages to be counted", func(s etcdops.Snapshot) bool {
		return etcdops.Assess(s, nil).Members[0].Defragment
	})
	fragmented := c.report().Members[0]
	assert.GreaterOrEqual(t, fragmented.ReclaimableBytes, int64(100*mebibyte))

	_, err = raw.Defragment(context.WithoutCancel(t.Context()), c.members[0].clientURL())
	require.NoError(t, err)
	c.waitFor("the backend to be small", func(s etcdops.Snapshot) bool {
		m := etcdops.Assess(s, nil).Members[0]
		return !m.Defragment && m.SizeBytes < fragmented.SizeBytes/2
	})
}

// All members tell their version; a cluster of one version has no skew.
func TestVersionsAreRead(t *testing.T) {
	t.Parallel()
	report := startEtcd(t, 3).report()
	assert.Regexp(t, `^3\.\d+\.\d+`, report.LowestVersion)
	assert.Equal(t, report.LowestVersion, report.HighestVersion)
	assert.False(t, report.VersionSkew)
	for _, m := range report.Members {
		assert.Equal(t, report.LowestVersion, m.Version)
	}
}
