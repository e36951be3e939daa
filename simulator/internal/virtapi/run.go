package virtapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// errGone means that the program ended before it answered.
var errGone = errors.New("the program ended")

// question and answer are what goes over the program's standard input and output, one JSON object a line.
type question struct {
	ID      int64                         `json:"id"`
	Webhook string                        `json:"webhook,omitempty"`
	Request *admissionv1.AdmissionRequest `json:"request,omitempty"`
}

type answer struct {
	ID       int64                          `json:"id"`
	Response *admissionv1.AdmissionResponse `json:"response,omitempty"`
	Error    string                         `json:"error,omitempty"`
}

// run is one life of the program.
type run struct {
	process *process.Process
	// gone is closed when no more answers come.
	gone chan struct{}

	// sending is held while a question is written. It is not mu: the program may not read on before its answers are read.
	sending sync.Mutex
	in      *os.File

	mu      sync.Mutex
	asked   int64
	waiting map[int64]chan<- answer
}

// start starts the program and waits until it answers.
func start(ctx context.Context, options Options) (*run, error) {
	r, err := launch(ctx, options)
	if err != nil {
		return nil, err
	}
	if _, err := r.ask(ctx, question{}); err != nil {
		return nil, errors.Join(err, r.end())
	}
	return r, nil
}

// launch starts the program on two pipes. Its ends of them are closed here, or nobody would see the end of its output.
func launch(ctx context.Context, options Options) (*run, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe to KubeVirt's admission: %w", err)
	}
	defer theirIn.Close()
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pipe from KubeVirt's admission: %w", err), in.Close())
	}
	defer theirOut.Close()
	child, err := process.Start(ctx, process.Spec{
		Name: "KubeVirt's admission", Path: options.Program, LogFile: options.LogFile, Stdin: theirIn, Stdout: theirOut,
		// Its start makes much garbage once, and little later.
		Env: []string{"GOGC=400"},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make it with `caphv-sandbox build` if it is missing: %w", err), in.Close(), out.Close())
	}
	r := &run{process: child, gone: make(chan struct{}), in: in, waiting: map[int64]chan<- answer{}}
	go r.read(out)
	return r, nil
}

// read hands out answers until there are no more.
func (r *run) read(out *os.File) {
	defer close(r.gone)
	defer out.Close()
	for decoder := json.NewDecoder(out); ; {
		var next answer
		if decoder.Decode(&next) != nil {
			return
		}
		r.mu.Lock()
		if waiting, ok := r.waiting[next.ID]; ok {
			delete(r.waiting, next.ID)
			waiting <- next
		}
		r.mu.Unlock()
	}
}

// ask sends one question and waits for its answer.
func (r *run) ask(ctx context.Context, question question) (answer, error) {
	answers := make(chan answer, 1)
	question.ID = r.expect(answers)
	defer r.forget(question.ID)
	line, err := json.Marshal(question)
	if err != nil {
		return answer{}, fmt.Errorf("encode admission request: %w", err)
	}
	if err := r.send(ctx, append(line, '\n')); err != nil {
		return answer{}, err
	}
	select {
	case answer := <-answers:
		return answer, nil
	case <-r.gone:
		return answer{}, errGone
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// send writes a line. A program that does not read it before the context's deadline is of no use to anybody, and half a
// line would be no use to the program.
func (r *run) send(ctx context.Context, line []byte) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	deadline, _ := ctx.Deadline() // zero for none
	err := r.in.SetWriteDeadline(deadline)
	if err == nil {
		_, err = r.in.Write(line)
	}
	if err != nil {
		return errors.Join(errGone, err, r.process.Kill())
	}
	return nil
}

// expect registers who waits for an answer, and returns its number.
func (r *run) expect(answers chan<- answer) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	r.waiting[r.asked] = answers
	return r.asked
}

func (r *run) forget(id int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, id)
}

// end ends the program, if it has not ended by itself, and tells why that was.
func (r *run) end() error {
	err := errors.Join(r.process.Kill(), r.process.Err())
	<-r.gone
	r.sending.Lock()
	defer r.sending.Unlock()
	return errors.Join(err, r.in.Close())
}
