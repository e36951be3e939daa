// Package control lets other processes of the same user ask a running sandbox
// things: how it is, to break something, to end. It speaks HTTP over a Unix
// socket in the sandbox's private folder; the folder's permissions are its only
// access control.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Part is one thing that runs in the sandbox.
type Part struct {
	Name string `json:"name"`
	// PID is 0 when the part is no process of its own.
	PID int `json:"pid,omitempty"`
	// Restarts counts how often it died and was started again.
	Restarts int `json:"restarts,omitempty"`
	// Detail is a sentence for people, such as where its log is.
	Detail string `json:"detail,omitempty"`
}

// Status of a sandbox.
type Status struct {
	Started     time.Time         `json:"started"`
	StateDir    string            `json:"stateDir"`
	Kubeconfigs map[string]string `json:"kubeconfigs"`
	Parts       []Part            `json:"parts"`
	// StatusPage is the URL of CAPHV's page; empty when it serves none.
	StatusPage string `json:"statusPage,omitempty"`
	// Machines are the virtual machines on the Harvester stand-in.
	Machines []Machine `json:"machines"`
}

// Machine is one virtual machine.
type Machine struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Address string `json:"address,omitempty"`
}

// Handler is what a sandbox can be asked.
type Handler interface {
	// Status describes the sandbox.
	Status(ctx context.Context) (Status, error)
	// Break makes the named fault; target may be empty where a fault needs none.
	// It returns what was done, in a sentence.
	Break(ctx context.Context, fault, target string) (string, error)
	// Down asks the sandbox to end; it returns before that happened.
	Down()
}

// ErrRefused marks a request the sandbox understood and did not carry out.
var ErrRefused = errors.New("the sandbox refuses")

// Serve answers on the socket until the returned function is called.
func Serve(socket string, handler Handler) (stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		status, err := handler.Status(r.Context())
		answer(w, status, err)
	})
	mux.HandleFunc("POST /break", func(w http.ResponseWriter, r *http.Request) {
		var request breakRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&request); err != nil {
			answer(w, nil, fmt.Errorf("reading the request: %w", err))
			return
		}
		done, err := handler.Break(r.Context(), request.Fault, request.Target)
		answer(w, breakAnswer{Done: done}, err)
	})
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, struct{}{}, nil)
		handler.Down()
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // ends with ErrServerClosed when stopped
	return func() { server.Close() }, nil
}

type breakRequest struct{ Fault, Target string }

type breakAnswer struct{ Done string }

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(value)
}

// Client asks a running sandbox. Safe for concurrent use.
type Client struct{ http *http.Client }

// NewClient reaches the sandbox behind a socket; nothing is dialled yet.
func NewClient(socket string) *Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
	}}}
}

// Status asks how the sandbox is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	err := c.do(ctx, http.MethodGet, "/status", nil, &status)
	return status, err
}

// Break asks for a fault and returns what was done.
func (c *Client) Break(ctx context.Context, fault, target string) (string, error) {
	var done breakAnswer
	err := c.do(ctx, http.MethodPost, "/break", breakRequest{Fault: fault, Target: target}, &done)
	return done.Done, err
}

// Down asks the sandbox to end.
func (c *Client) Down(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/down", nil, nil)
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return fmt.Errorf("asking the sandbox: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, &content)
	if err != nil {
		return fmt.Errorf("asking the sandbox: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking the sandbox: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		return fmt.Errorf("%w: %s", ErrRefused, strings.TrimSpace(string(text)))
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the sandbox's answer: %w", err)
	}
	return nil
}
