package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

// killer ends CAPHV's manager at moments that a seed decides.
type killer struct {
	sandbox *sandbox.Sandbox
	line    *timeline.Timeline
	moments [][]time.Duration // by chapter
}

// windows in which a chapter's kills happen: about as long as the chapter's
// busy part takes.
var windows = []time.Duration{40 * time.Second, 8 * time.Second, 10 * time.Second, 8 * time.Second}

// share splits the kills over the chapters: two fifths while the cluster is
// made, the rest while it grows, heals and goes. Pure.
func share(kills int) [4]int {
	later := kills / 5
	return [4]int{kills - 3*later, later, later, later}
}

// newKiller decides all moments in advance, each counted from the end of the
// kill before.
func newKiller(s *sandbox.Sandbox, line *timeline.Timeline, kills int, seed int64) *killer {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	k := &killer{sandbox: s, line: line}
	for chapter, count := range share(kills) {
		var moments []time.Duration
		for range count {
			slice := windows[chapter] / time.Duration(count)
			moments = append(moments, time.Duration(random.Int64N(int64(slice))))
		}
		k.moments = append(k.moments, moments)
	}
	return k
}

// strike begins a chapter's kills; the returned function waits for the last.
func (k *killer) strike(ctx context.Context, chapter int) (wait func() error) {
	if chapter >= len(k.moments) || len(k.moments[chapter]) == 0 {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- k.strikeAll(ctx, k.moments[chapter]) }()
	return func() error { return <-done }
}

func (k *killer) strikeAll(ctx context.Context, moments []time.Duration) error {
	manager, err := k.sandbox.Management().Manager(management.CAPHV)
	if err != nil {
		return err
	}
	for _, moment := range moments {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(moment):
		}
		pid := manager.PID()
		if err := manager.Kill(); err != nil {
			return err
		}
		k.line.Event("killed CAPHV's manager, process %d (SIGKILL)", pid)
		if err := manager.AwaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}
