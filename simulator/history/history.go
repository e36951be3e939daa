// Package history records what happened to a Harvester simulator, one JSON object a line, for a checker to judge
// afterwards: writes that passed the proxy, machines that came and went, addresses that were taken and given back.
//
// Log is the main type. It never holds secret data: of a write it keeps who, what and the outcome, not the body.
package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Kind says what an Event is about.
type Kind string

// The kinds of events.
const (
	// Write is a create, update, patch or delete that a client sent through the proxy, with its answer.
	Write Kind = "write"
	// ReadRequest is a get, list or watch that a client sent through the proxy, when it is over.
	ReadRequest Kind = "read"
	// MachineUp is a guest that was powered on, MachineDown one that is off for certain.
	MachineUp   Kind = "machine-up"
	MachineDown Kind = "machine-down"
	// MachineAddresses is a change of what a guest agent reports.
	MachineAddresses Kind = "machine-addresses"
	// MachineGone is a VM whose object is gone.
	MachineGone Kind = "machine-gone"
	// PoolChanged is a change of who holds which address of a pool.
	PoolChanged Kind = "pool-changed"
	// BackendsChanged is a change of the machines behind a load balancer.
	BackendsChanged Kind = "backends-changed"
	// Fault is something that was broken, or mended, on purpose.
	Fault Kind = "fault"
)

// Event is one line of the history. Fields that do not apply are left out.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`

	// Verb, Resource (with group and subresource), Namespace, Name, Code and UserAgent describe a Write or a ReadRequest.
	Verb      string `json:"verb,omitempty"`
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Code      int    `json:"code,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
	// UID is the object's; InstanceUID that of a VM's running instance.
	UID         string `json:"uid,omitempty"`
	InstanceUID string `json:"instanceUID,omitempty"`
	// ResourceVersion is the object's after a Write.
	ResourceVersion string `json:"resourceVersion,omitempty"`
	// Finalizers and Deleting are the object's after a Write.
	Finalizers []string `json:"finalizers,omitempty"`
	Deleting   bool     `json:"deleting,omitempty"`
	// Addresses are a machine's, in the order of its interfaces.
	Addresses []string `json:"addresses,omitempty"`
	// Allocated maps address to holder, for a pool.
	Allocated map[string]string `json:"allocated,omitempty"`
	// Volumes are the claims that a VM's annotation has Harvester make, after a Write of the VM.
	Volumes []string `json:"volumes,omitempty"`
	// RemovedVolumes are the claims that another annotation of the VM has Harvester delete with it.
	RemovedVolumes []string `json:"removedVolumes,omitempty"`
	// Labels are a load balancer's, Backends the labels of the machines behind it by their names.
	Labels   map[string]string            `json:"labels,omitempty"`
	Backends map[string]map[string]string `json:"backends,omitempty"`
	// Detail says more, in words.
	Detail string `json:"detail,omitempty"`
}

// Log writes events in the order in which they are recorded. A nil Log records nothing. Safe for concurrent use.
type Log struct {
	now func() time.Time
	mu  sync.Mutex
	out io.WriteCloser
	err error
}

// New writes to out; now tells the time of events that have none.
func New(out io.WriteCloser, now func() time.Time) *Log {
	return &Log{now: now, out: out}
}

// Open appends to a file, which is created if need be.
func Open(path string, now func() time.Time) (*Log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return New(file, now), nil
}

// Record appends an event. What goes wrong is told by Close: a recorder must not disturb what it records.
func (l *Log) Record(event Event) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if event.Time.IsZero() {
		event.Time = l.now()
	}
	line, err := json.Marshal(event)
	if err == nil {
		_, err = l.out.Write(append(line, '\n'))
	}
	l.err = errors.Join(l.err, err)
}

// Close ends the log and returns the first thing that went wrong with it.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.err, l.out.Close()); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Read returns the events of a file in their order. A last line that was cut short, by a crash, is left out.
func Read(path string) ([]Event, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer file.Close()
	var events []Event
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("read history %s: %w", path, err)
		}
		var event Event
		if err := json.Unmarshal(line, &event); err != nil {
			return events, fmt.Errorf("read history %s: line %d: %w", path, len(events)+1, err)
		}
		events = append(events, event)
	}
}
