package virtapi

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// roleVariable makes a copy of the test binary play a program that is no good.
const roleVariable = "VIRTAPI_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "dies":
		fmt.Fprintln(os.Stderr, "cannot go on")
		os.Exit(3)
	case "sleeps":
		time.Sleep(time.Hour)
	}
}

// patience is for machines that have much else to do.
const patience = 2 * time.Minute

func program() string {
	path, err := Find("")
	if err != nil {
		panic(err)
	}
	return path
}

func started(tb testing.TB, options Options) *API {
	tb.Helper()
	api := Start(options)
	tb.Cleanup(api.Stop)
	return api
}

// request asks about a machine that KubeVirt takes, or about one with another run strategy.
func request(tb testing.TB, runStrategy string) *admissionv1.AdmissionRequest {
	tb.Helper()
	raw, err := json.Marshal(map[string]any{
		"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": map[string]any{"namespace": "default", "name": "vm"},
		"spec": map[string]any{"runStrategy": runStrategy, "template": map[string]any{"spec": map[string]any{"domain": map[string]any{
			"devices": map[string]any{}, "resources": map[string]any{"limits": map[string]any{"cpu": "2", "memory": "4Gi"}},
		}}}},
		"status": map[string]any{},
	})
	require.NoError(tb, err)
	return &admissionv1.AdmissionRequest{
		UID: "asked", Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: raw},
		Resource: metav1.GroupVersionResource{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachines"},
	}
}

func TestKubeVirtAnswers(t *testing.T) {
	api := started(t, Options{Program: program(), LogFile: filepath.Join(t.TempDir(), "log")})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changed, err := api.Review(ctx, MutateVM, request(t, "Always"))
	require.NoError(t, err)
	assert.True(t, changed.Allowed)
	assert.Equal(t, types.UID("asked"), changed.UID)
	assert.Contains(t, string(changed.Patch), `"machine":{"type":"q35"}`)

	refused, err := api.Review(ctx, ValidateVM, request(t, "Sometimes"))
	require.NoError(t, err)
	assert.Equal(t, &admissionv1.AdmissionResponse{UID: "asked", Result: &metav1.Status{
		Code: 422, Reason: metav1.StatusReasonInvalid, Message: "Invalid RunStrategy (Sometimes)",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{
			{Type: metav1.CauseTypeFieldValueInvalid, Message: "Invalid RunStrategy (Sometimes)", Field: "spec.runStrategy"},
		}},
	}}, refused)

	_, err = api.Review(ctx, "/nowhere", request(t, "Always"))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "unknown webhook")

	// Killed in the middle of much work: it comes back, and nobody who asked goes without an answer.
	first, err := api.current(ctx, nil)
	require.NoError(t, err)
	var asking sync.WaitGroup
	problems := make(chan error, 201)
	for i := range 200 {
		asking.Go(func() {
			if i == 100 {
				problems <- syscall.Kill(first.process.PID(), syscall.SIGKILL)
			}
			response, err := api.Review(ctx, ValidateVM, request(t, "Always"))
			if err == nil && !response.Allowed {
				err = fmt.Errorf("refused: %v", response.Result)
			}
			problems <- err
		})
	}
	asking.Wait()
	close(problems)
	for problem := range problems {
		require.NoError(t, problem)
	}
	second, err := api.current(ctx, first)
	require.NoError(t, err)
	assert.NotEqual(t, first.process.PID(), second.process.PID())

	api.Stop()
	require.ErrorIs(t, syscall.Kill(second.process.PID(), 0), syscall.ESRCH, "it is gone with the API")
	_, err = api.Review(ctx, ValidateVM, request(t, "Always"))
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestAProgramThatKeepsDyingIsNotStartedForever(t *testing.T) {
	t.Setenv(roleVariable, "dies")
	log := filepath.Join(t.TempDir(), "log")
	begun := time.Now()
	api := started(t, Options{Program: os.Args[0], LogFile: log})
	limited, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	ctx, cancel := context.WithCancel(limited)
	go func() { // by then it was started once more than it may be at once
		for strings.Count(process.Tail(log, 99), "cannot go on") <= startBurst && limited.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	err := api.Ready(ctx)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	assert.GreaterOrEqual(t, time.Since(begun), startInterval)
}

func TestWhoAsksIsNotKeptWaiting(t *testing.T) {
	t.Setenv(roleVariable, "sleeps")
	api := started(t, Options{Program: os.Args[0]})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := api.Review(ctx, ValidateVM, request(t, "Always"))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAMissingProgramIsNamed(t *testing.T) {
	api := started(t, Options{Program: "/does/not/exist"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := api.Ready(ctx)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "caphv-sandbox build")
}

// What one write of a machine costs: both webhooks.
func BenchmarkAdmission(b *testing.B) {
	api := started(b, Options{Program: program()})
	require.NoError(b, api.Ready(b.Context()))
	machine := request(b, "Always")
	for b.Loop() {
		for _, webhook := range []string{MutateVM, ValidateVM} {
			if _, err := api.Review(b.Context(), webhook, machine); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// How long a simulator waits for it.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		api := Start(Options{Program: program()})
		require.NoError(b, api.Ready(b.Context()))
		api.Stop()
	}
}
