package virtapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	admissionv1 "k8s.io/api/admission/v1"
)

// Paths of the webhooks that are answered, the same as in virt-api.
const (
	MutateVM   = "/virtualmachines-mutate"
	ValidateVM = "/virtualmachines-validate"
)

// ErrUnavailable means that there was no answer: the program is being started, died twice over the request, or could make
// nothing of it. The same request may be made again.
var ErrUnavailable = errors.New("KubeVirt's admission gives no answer")

// The program is started again at once, but not more often than this if it keeps dying.
const (
	startInterval = 5 * time.Second
	startBurst    = 3
)

// Options of an API.
type Options struct {
	// Program is the path of kubevirt-admission, which `caphv-sandbox build` makes.
	Program string
	// LogFile takes what KubeVirt's code has to say; discarded when empty.
	LogFile string
	// Log hears when the program dies.
	Log logr.Logger
}

// API is KubeVirt's admission. Safe for concurrent use.
type API struct {
	options Options
	starts  *rate.Limiter
	cancel  context.CancelFunc
	ended   chan struct{}

	mu sync.Mutex
	// run is the program as it runs, nil while there is none that answers; last is why the one before ended.
	run  *run
	last error
	// changed is closed, and replaced, when run changes.
	changed chan struct{}
}

// Start starts the program. It returns before that can answer, see Ready. The caller must Stop it.
func Start(options Options) *API {
	ctx, cancel := context.WithCancel(context.Background())
	a := &API{
		options: options, starts: rate.NewLimiter(rate.Every(startInterval), startBurst),
		cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{}),
	}
	go a.keep(ctx)
	return a
}

// keep has the program running until the context ends.
func (a *API) keep(ctx context.Context) {
	defer close(a.ended)
	for a.starts.Wait(ctx) == nil {
		run, err := start(ctx, a.options)
		if err == nil {
			a.set(run, nil)
			select {
			case <-run.gone:
				err = run.end()
			case <-ctx.Done():
				err = errors.Join(ctx.Err(), run.end())
			}
		}
		a.set(nil, err)
		if ctx.Err() == nil {
			a.options.Log.Error(err, "KubeVirt's admission is started again")
		}
	}
}

func (a *API) set(run *run, last error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.run, a.last = run, last
	close(a.changed)
	a.changed = make(chan struct{})
}

// current waits for a program that answers, and is another than the one known to have ended.
func (a *API) current(ctx context.Context, dead *run) (*run, error) {
	for {
		a.mu.Lock()
		run, last, changed := a.run, a.last, a.changed
		a.mu.Unlock()
		if run != nil && run != dead {
			return run, nil
		}
		select {
		case <-changed:
		case <-a.ended:
			return nil, fmt.Errorf("%w: it was stopped", ErrUnavailable)
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%w: it is being started: %w", ErrUnavailable, ctx.Err()), last)
		}
	}
}

// Ready waits until the program answers. Its error says why that did not yet.
func (a *API) Ready(ctx context.Context) error {
	_, err := a.current(ctx, nil)
	return err
}

// Review returns virt-api's answer to an admission request, word for word. webhook is MutateVM or ValidateVM. A refusal
// is an answer; an error matches ErrUnavailable.
func (a *API) Review(ctx context.Context, webhook string, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	var dead *run
	for {
		run, err := a.current(ctx, dead)
		if err != nil {
			return nil, err
		}
		answer, err := run.ask(ctx, question{Webhook: webhook, Request: request})
		switch {
		case errors.Is(err, errGone) && dead == nil: // admission changes nothing, so asking again is harmless
			dead = run
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		case answer.Response == nil:
			return nil, fmt.Errorf("%w: %s", ErrUnavailable, answer.Error)
		default:
			return answer.Response, nil
		}
	}
}

// Stop ends the program and returns when it is gone. Stopping again does nothing.
func (a *API) Stop() {
	a.cancel()
	<-a.ended
}
