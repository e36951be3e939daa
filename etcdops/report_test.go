package etcdops

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAssess(t *testing.T) {
	s := Snapshot{Members: members("VVSv"), LeaderID: 1, Alarms: []Alarm{{MemberID: 2, Type: AlarmNoSpace}}}
	for i, version := range []string{"3.6.9", "3.6.14", "3.6.9", ""} {
		s.Members[i].Version = version
	}
	s.Members[1].DBSize, s.Members[1].DBSizeInUse, s.Members[1].DBQuota = 400<<20, 100<<20, 2<<30
	s.Members[2].DBSize, s.Members[2].DBSizeInUse = 10<<20, 1<<20
	last := &BackupReport{Name: "etcd-snapshot-n1-1", Node: "n1", Time: time.Unix(1000, 0)}

	r := Assess(s, last)
	assert.Equal(t, []int{4, 3, 3, 0}, []int{r.Voters, r.HealthyVoters, r.Quorum, r.Spare})
	assert.Equal(t, []string{"3.6.9", "3.6.14"}, []string{r.LowestVersion, r.HighestVersion}, "by number, not by letter")
	assert.True(t, r.VersionSkew)
	assert.Same(t, last, r.LastSnapshot)
	assert.True(t, r.Members[0].Leader)
	assert.Equal(t, []AlarmType{AlarmNoSpace}, r.Members[1].Alarms)
	assert.True(t, r.Members[1].Defragment)
	assert.EqualValues(t, 300<<20, r.Members[1].ReclaimableBytes)
	assert.EqualValues(t, 19, r.Members[1].QuotaPercent)
	assert.False(t, r.Members[2].Defragment, "too little to be worth it")
	assert.EqualValues(t, maxLag+1, r.Members[2].Lag)
	assert.False(t, r.Members[3].Healthy)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"lastSnapshot":{"name":"etcd-snapshot-n1-1","node":"n1"`)
}

func TestNewestBackup(t *testing.T) {
	newest, err := newestBackup([]byte(`{"items":[
		{"spec":{"snapshotName":"old","nodeName":"a"},"status":{"creationTime":"2026-01-01T00:00:00Z","readyToUse":true}},
		{"spec":{"snapshotName":"new","nodeName":"b"},"status":{"creationTime":"2026-01-02T00:00:00Z","readyToUse":true}},
		{"spec":{"snapshotName":"failed","nodeName":"b"},"status":{"creationTime":"2026-01-03T00:00:00Z","readyToUse":false}},
		{"spec":{"snapshotName":"running","nodeName":"b"},"status":{}}]}`))
	require.NoError(t, err)
	assert.Equal(t, &BackupReport{Name: "new", Node: "b", Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}, newest)
	newest, err = newestBackup([]byte(`{"items":[]}`))
	require.NoError(t, err)
	assert.Nil(t, newest)
	_, err = newestBackup([]byte("<html>"))
	require.Error(t, err)
}
