package kubevirtadmission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	admissionv1 "k8s.io/api/admission/v1"
)

// Request is an admission request to one of virt-api's webhooks. One without a webhook only asks whether anybody answers.
type Request struct {
	ID      int64                         `json:"id"`
	Webhook string                        `json:"webhook,omitempty"`
	Request *admissionv1.AdmissionRequest `json:"request,omitempty"`
}

// Answer is virt-api's response to the request of the same ID, or why there is none.
type Answer struct {
	ID       int64                          `json:"id"`
	Response *admissionv1.AdmissionResponse `json:"response,omitempty"`
	Error    string                         `json:"error,omitempty"`
}

// Serve answers requests until in ends, which is no error, or until one cannot be read or answered. It works on as many
// requests at once as there are processors, and answers in the order in which they are done.
func Serve(ctx context.Context, admission *Admission, in io.Reader, out io.Writer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var writing sync.Mutex
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	var unread error
	for ctx.Err() == nil {
		var request Request
		if err := requests.Decode(&request); err != nil {
			if !errors.Is(err, io.EOF) {
				unread = fmt.Errorf("read request: %w", err)
			}

			break
		}
		group.Go(func() error {
			answer := answer(ctx, admission, request)
			writing.Lock()
			defer writing.Unlock()
			if err := answers.Encode(answer); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}

			return nil
		})
	}

	return errors.Join(unread, group.Wait())
}

// answer validates one request. KubeVirt's code may panic on what the schema of its definitions would have kept away; in
// virt-api such a request gets no answer.
func answer(ctx context.Context, admission *Admission, request Request) (answer Answer) {
	answer.ID = request.ID
	defer func() {
		if cause := recover(); cause != nil {
			answer = Answer{ID: request.ID, Error: fmt.Sprintf("KubeVirt's admission code panicked: %v", cause)}
		}
	}()
	if request.Webhook == "" {
		return answer
	}
	if request.Request == nil {
		answer.Error = "no admission request"

		return answer
	}
	var err error
	if answer.Response, err = admission.Review(ctx, request.Webhook, request.Request); err != nil {
		answer.Error = err.Error()
	}

	return answer
}
