package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apiPort is where machines serve their API, and load balancers too.
const apiPort = "6443"

// answer serves on a machine's address what its API server would, and says which machine it is.
func answer(t *testing.T, address, machine string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(address, apiPort))
	require.NoError(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, machine) // the client sees what goes wrong
	})}
	go func() { _ = server.Serve(listener) }() // ends by Close
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
}

// call asks an endpoint who is there, on a connection of its own.
func call(ctx context.Context, endpoint string) (machine string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(endpoint, apiPort)+"/readyz", http.NoBody)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// checker calls an endpoint all along, as a user of the cluster does.
type checker struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	answers  map[string]int
	failures []error
}

// check begins to call.
func check(t *testing.T, endpoint string) *checker {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &checker{stop: stop, answers: map[string]int{}}
	c.done.Go(func() {
		for ticker := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-ticker.C {
			c.note(call(ctx, endpoint))
		}
	})
	t.Cleanup(func() { c.end() })
	return c
}

func (c *checker) note(machine string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, context.Canceled): // the checker's own end
	case err != nil:
		c.failures = append(c.failures, fmt.Errorf("%s: %w", time.Now().Format(time.StampMilli), err))
	default:
		c.answers[machine]++
	}
}

// end stops calling, and returns how often each machine answered, and what failed.
func (c *checker) end() (answers map[string]int, failures []error) {
	c.stop()
	c.done.Wait()
	return c.answers, c.failures
}

// requireAnswers calls an endpoint until each of these machines has answered, and sees that no other one ever does.
func requireAnswers(t *testing.T, endpoint string, machines ...string) {
	t.Helper()
	seen := map[string]bool{}
	require.Eventually(t, func() bool {
		machine, err := call(t.Context(), endpoint)
		if err == nil {
			require.Contains(t, machines, machine, "the endpoint leads to a machine of another cluster")
			seen[machine] = true
		}
		return len(seen) == len(machines)
	}, patience, 50*time.Millisecond, "not all machines answer at %s", endpoint)
	for range 10 {
		machine, err := call(t.Context(), endpoint)
		require.NoError(t, err)
		require.Contains(t, machines, machine, "the endpoint leads to a machine of another cluster")
	}
}
