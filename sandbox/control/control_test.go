package control_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/control"
)

type sandbox struct{ downs chan struct{} }

func (s sandbox) Status(context.Context) (control.Status, error) {
	return control.Status{StateDir: "/state", Parts: []control.Part{{Name: "CAPHV", PID: 7, Restarts: 2}}}, nil
}

func (s sandbox) Break(_ context.Context, fault, target string) (string, error) {
	if fault != "vm-crash" {
		return "", fmt.Errorf("no fault is called %q", fault)
	}
	return "crashed " + target, nil
}

func (s sandbox) Down() { close(s.downs) }

func TestASandboxAnswersOverItsSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c.sock")
	served := sandbox{downs: make(chan struct{})}
	stop, err := control.Serve(socket, served)
	require.NoError(t, err)
	t.Cleanup(stop)
	client := control.NewClient(socket)

	status, err := client.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []control.Part{{Name: "CAPHV", PID: 7, Restarts: 2}}, status.Parts)

	done, err := client.Break(t.Context(), "vm-crash", "demo/cp-1")
	require.NoError(t, err)
	assert.Equal(t, "crashed demo/cp-1", done)

	_, err = client.Break(t.Context(), "earthquake", "")
	require.ErrorIs(t, err, control.ErrRefused)
	require.ErrorContains(t, err, "earthquake")

	require.NoError(t, client.Down(t.Context()))
	<-served.downs
}

func TestAnAbsentSandboxIsAnError(t *testing.T) {
	_, err := control.NewClient(filepath.Join(t.TempDir(), "none.sock")).Status(t.Context())
	assert.ErrorContains(t, err, "asking the sandbox")
}
