package history_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

func TestEventsAreReadBackInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	log, err := history.Open(path, func() time.Time { return now })
	require.NoError(t, err)
	log.Record(history.Event{Kind: history.MachineUp, Namespace: "default", Name: "a", UID: "1"})
	log.Record(history.Event{Kind: history.PoolChanged, Name: "p", Allocated: map[string]string{"10.0.0.1": "default/a.caphv"}, Time: now.Add(time.Second)})
	require.NoError(t, log.Close())

	// A second run appends; a crash cuts its last line short.
	again, err := history.Open(path, func() time.Time { return now })
	require.NoError(t, err)
	again.Record(history.Event{Kind: history.MachineDown, Name: "a"})
	require.NoError(t, again.Close())
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"kind":"machine-`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	events, err := history.Read(path)
	require.NoError(t, err)
	assert.Equal(t, []history.Event{
		{Time: now, Kind: history.MachineUp, Namespace: "default", Name: "a", UID: "1"},
		{Time: now.Add(time.Second), Kind: history.PoolChanged, Name: "p", Allocated: map[string]string{"10.0.0.1": "default/a.caphv"}},
		{Time: now, Kind: history.MachineDown, Name: "a"},
	}, events)
}

func TestConcurrentEventsDoNotMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	log, err := history.Open(path, time.Now)
	require.NoError(t, err)
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			for range 20 {
				log.Record(history.Event{Kind: history.Write, Detail: "something of some length"})
			}
		})
	}
	writers.Wait()
	require.NoError(t, log.Close())
	events, err := history.Read(path)
	require.NoError(t, err)
	assert.Len(t, events, 400)
}

func TestANilLogRecordsNothing(t *testing.T) {
	var log *history.Log
	log.Record(history.Event{})
	require.NoError(t, log.Close())
}

func TestWhatGoesWrongIsToldAtTheEnd(t *testing.T) {
	log, err := history.Open(filepath.Join(t.TempDir(), "h.jsonl"), time.Now)
	require.NoError(t, err)
	require.NoError(t, log.Close())
	log.Record(history.Event{})
	require.Error(t, log.Close())
	_, err = history.Read(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
