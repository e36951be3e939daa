package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
)

// gatekeeper stands in front of an API server and does something at the nth write.
type gatekeeper struct {
	kubeconfig string
	reached    chan struct{}
}

// newGatekeeper counts writes from 1. What at does decides about the nth one; it may block until the client is gone.
func newGatekeeper(t *testing.T, config *rest.Config, nth int64, at func(http.ResponseWriter, *http.Request)) *gatekeeper {
	t.Helper()
	backend, err := url.Parse(config.Host)
	require.NoError(t, err)
	transport, err := rest.TransportFor(config)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(backend)
	proxy.Transport = transport
	keeper := &gatekeeper{reached: make(chan struct{})}
	var writes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && writes.Add(1) == nth {
			close(keeper.reached)
			at(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	keeper.kubeconfig = kubeconfigFor(t, &rest.Config{Host: server.URL})
	return keeper
}

// untilGone answers nothing. A server notices that its client left only when it has read the whole request.
func untilGone(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// killHalfWay kills the process while it writes the sixth object. The next run finishes what the first began.
func killHalfWay(t *testing.T, config *rest.Config) {
	t.Helper()
	keeper := newGatekeeper(t, config, 6, untilGone)
	arguments := flags(t, "killed", "--apply")
	command := program(context.Background(), keeper.kubeconfig, arguments...)
	require.NoError(t, command.Start())
	<-keeper.reached
	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())
	finish(t, config, arguments, 5)
}

// interruptHalfWay presses Ctrl-C at the same place: the process says how far it came.
func interruptHalfWay(t *testing.T, config *rest.Config) {
	t.Helper()
	keeper := newGatekeeper(t, config, 6, untilGone)
	arguments := flags(t, "interrupted", "--apply")
	var stderr bytes.Buffer
	command := program(context.Background(), keeper.kubeconfig, arguments...)
	command.Stderr = &stderr
	require.NoError(t, command.Start())
	<-keeper.reached
	require.NoError(t, command.Process.Signal(os.Interrupt))
	_ = command.Wait()
	assert.Equal(t, 130, command.ProcessState.ExitCode(), stderr.String())
	assert.Contains(t, stderr.String(), "interrupted: 5 of 10 objects are applied, ConfigMap interrupted/interrupted-calico is not")
	assert.Contains(t, stderr.String(), "run the same command again to finish")
	finish(t, config, arguments, 5)
}

// refuseHalfWay has the API server refuse the fourth object.
func refuseHalfWay(t *testing.T, config *rest.Config) {
	t.Helper()
	keeper := newGatekeeper(t, config, 4, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the disk is full", http.StatusInsufficientStorage)
	})
	arguments := flags(t, "refused", "--apply")
	code, stdout, stderr := run(t, keeper.kubeconfig, arguments...)
	assert.Equal(t, 1, code)
	assert.Equal(t, 3, strings.Count(stdout, ": created\n"))
	assert.Contains(t, stderr, "3 of 10 objects are applied, ConfigMap refused/refused-ccm is not")
	finish(t, config, arguments, 3)
}

// finish runs the same command again, without anything in the way: what was done is left alone, the rest is done.
func finish(t *testing.T, config *rest.Config, arguments []string, done int) {
	t.Helper()
	code, stdout, stderr := run(t, kubeconfigFor(t, config), arguments...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, done, strings.Count(stdout, ": unchanged\n"), stdout)
	assert.Equal(t, 10-done, strings.Count(stdout, ": created\n"), stdout)
}

func TestNoManagementCluster(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	kubeconfig := kubeconfigFor(t, &rest.Config{Host: server.URL})
	code, stdout, stderr := run(t, kubeconfig, flags(t, "nowhere", "--apply")...)
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.NotEmpty(t, stderr)
	server.Close()
	code, _, stderr = run(t, kubeconfig, flags(t, "nowhere", "--apply")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "connection refused")
}
