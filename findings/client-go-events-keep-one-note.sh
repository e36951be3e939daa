#!/usr/bin/env bash
# client-go v0.36.3, tools/events, which controller-runtime's GetEventRecorder hands out: events of one object that have
# the same reason and action but different notes become one event. It keeps the first note; the later texts are nowhere.
#
# Expected by most, as from the older tools/record: only equal messages are counted together, so that the text says what
# went wrong last. Moving a controller from GetEventRecorderFor to GetEventRecorder, as its deprecation asks, one reads
# "pool is empty" in kubectl describe while the machine has long been failing for another reason. Give each cause a
# reason or an action of its own.
#
# Output seen, of two failures one after the other:
#   tools/record: "pool is empty"
#   tools/record: "no route to host"
#   tools/events: "pool is empty", count 2
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	k8s.io/api v0.36.3
	k8s.io/apimachinery v0.36.3
	k8s.io/client-go v0.36.3
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

// oldSink and newSink stand for the API server: they hand on what is written to it.
type oldSink chan string

func (s oldSink) Create(event *corev1.Event) (*corev1.Event, error) {
	s <- fmt.Sprintf("%q", event.Message)
	return event, nil
}

func (s oldSink) Update(event *corev1.Event) (*corev1.Event, error) { return s.Create(event) }

func (s oldSink) Patch(event *corev1.Event, _ []byte) (*corev1.Event, error) { return s.Create(event) }

type newSink struct {
	writes chan string
	stored *eventsv1.Event
}

func (s *newSink) Create(_ context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	s.stored = event.DeepCopy()
	s.writes <- fmt.Sprintf("%q", event.Note)
	return event, nil
}

func (s *newSink) Update(ctx context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	return s.Create(ctx, event)
}

func (s *newSink) Patch(_ context.Context, event *eventsv1.Event, patch []byte) (*eventsv1.Event, error) {
	if err := json.Unmarshal(patch, s.stored); err != nil {
		return nil, err
	}
	s.writes <- fmt.Sprintf("%q, count %d", s.stored.Note, s.stored.Series.Count)
	return s.stored.DeepCopy(), nil
}

func next(writes <-chan string) string {
	select {
	case write := <-writes:
		return write
	case <-time.After(10 * time.Second):
		log.Fatal("no event was written")
		return ""
	}
}

func main() {
	machine := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-1", Namespace: "default", UID: "1"}}

	older := make(oldSink)
	oldBroadcaster := record.NewBroadcaster()
	oldBroadcaster.StartRecordingToSink(older)
	oldRecorder := oldBroadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "example"})
	for _, note := range []string{"pool is empty", "no route to host"} {
		oldRecorder.Event(machine, corev1.EventTypeWarning, "AllocationFailed", note)
		fmt.Println("tools/record:", next(older))
	}

	newer := &newSink{writes: make(chan string)}
	newBroadcaster := events.NewBroadcaster(newer)
	if err := newBroadcaster.StartRecordingToSinkWithContext(context.Background()); err != nil {
		log.Fatal(err)
	}
	newRecorder := newBroadcaster.NewRecorder(scheme.Scheme, "example")
	written := ""
	for _, note := range []string{"pool is empty", "no route to host"} {
		newRecorder.Eventf(machine, nil, corev1.EventTypeWarning, "AllocationFailed", "Allocate", note)
		written = next(newer.writes)
	}
	fmt.Println("tools/events:", written)
}
END
run

cat >expected <<'END'
tools/record: "pool is empty"
tools/record: "no route to host"
tools/events: "pool is empty", count 2
END
same
