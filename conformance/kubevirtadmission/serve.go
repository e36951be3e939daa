package kubevirtadmission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Request asks for a verdict. Old is empty for a new machine.
type Request struct {
	ID     int64           `json:"id"`
	Old    json.RawMessage `json:"old,omitempty"`
	Object json.RawMessage `json:"object"`
}

// Answer is the verdict on the request of the same ID; one of the other fields is set.
type Answer struct {
	ID     int64           `json:"id"`
	Object json.RawMessage `json:"object,omitempty"`
	Denied string          `json:"denied,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Serve answers requests until in ends, which is no error, or until one cannot be read or answered.
func Serve(ctx context.Context, judge *Judge, in io.Reader, out io.Writer) error {
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var request Request
		err := requests.Decode(&request)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if err := answers.Encode(answer(ctx, judge, request)); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
}

// answer judges one request. KubeVirt's code may panic on what the schema of its definitions would have kept away.
func answer(ctx context.Context, judge *Judge, request Request) (answer Answer) {
	answer.ID = request.ID
	defer func() {
		if cause := recover(); cause != nil {
			answer = Answer{ID: request.ID, Error: fmt.Sprintf("KubeVirt's admission code panicked: %v", cause)}
		}
	}()
	var err error
	if len(request.Old) > 0 {
		answer.Object, err = judge.Update(ctx, request.Old, request.Object)
	} else {
		answer.Object, err = judge.Create(ctx, request.Object)
	}
	switch {
	case errors.Is(err, ErrDenied):
		answer.Denied = err.Error()
	case err != nil:
		answer.Error = err.Error()
	}

	return answer
}
