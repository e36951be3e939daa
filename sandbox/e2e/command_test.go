package e2e_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
)

// command builds caphv-sandbox and returns its path.
func command(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "caphv-sandbox")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "../cmd/caphv-sandbox")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0") // as programs are built: what they share is compiled
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// transcript collects a command's output while it runs.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.Write(p)
}

func (tr *transcript) has(text string) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return bytes.Contains(tr.text.Bytes(), []byte(text))
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// up starts `caphv-sandbox up` and waits until everything is up.
func up(t *testing.T, program, state string) (*exec.Cmd, *transcript) {
	t.Helper()
	running := exec.Command(program, "up", "--repository", root, "--state-dir", state)
	running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output := &transcript{}
	running.Stdout, running.Stderr = output, output
	require.NoError(t, running.Start())
	t.Cleanup(func() { _ = running.Process.Kill() })
	require.Eventually(t, func() bool { return output.has("Ctrl-C stops everything.") }, 3*time.Minute, 100*time.Millisecond, "%s", output)
	return running, output
}

// requireStatusPage follows the link that was printed.
func requireStatusPage(t *testing.T, transcript string) {
	t.Helper()
	page := regexp.MustCompile(`http://127\.0\.0\.1:\d+/status`).FindString(transcript)
	require.NotEmpty(t, page, transcript)
	response, err := http.Get(page)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Contains(t, string(content), "<h1>Clusters on Harvester</h1>")
	assert.NotContains(t, string(content), "Not shown", "a right is missing")
}

// exitCodeOf runs the command to its end.
func exitCodeOf(t *testing.T, program string, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err == nil {
		return 0, string(output)
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", output)
	return exit.ExitCode(), string(output)
}

func processes(t *testing.T, state string) []string {
	t.Helper()
	found, err := statedir.Processes(state)
	require.NoError(t, err)
	return found
}

// TestTheCommandLineLeavesNothingRunning brings sandboxes up and ends them in
// every way there is.
func TestTheCommandLineLeavesNothingRunning(t *testing.T) {
	program, state := command(t), filepath.Join(t.TempDir(), "state")
	at := func(args ...string) []string { return append(args, "--repository", root, "--state-dir", state) }

	code, output := exitCodeOf(t, program, at("status")...)
	assert.Equal(t, 4, code, "%s", output)
	code, output = exitCodeOf(t, program, at("status", "--colour")...)
	assert.Equal(t, 2, code, "%s", output)

	t.Run("killed", func(t *testing.T) {
		running, transcript := up(t, program, state)
		requireStatusPage(t, transcript.String())
		code, output := exitCodeOf(t, program, at("up")...)
		assert.Equal(t, 3, code, "a second sandbox started in the same folder: %s", output)
		code, output = exitCodeOf(t, program, at("status", "--output", "json")...)
		assert.Equal(t, 0, code, "%s", output)
		assert.Contains(t, output, `"name": "CAPHV"`)
		require.NotEmpty(t, processes(t, state))

		require.NoError(t, running.Process.Kill())
		_ = running.Wait()

		assert.Eventually(t, func() bool { return len(processes(t, state)) == 0 }, time.Minute, 50*time.Millisecond)
		code, _ = exitCodeOf(t, program, at("status")...)
		assert.Equal(t, 4, code, "a killed sandbox is taken for a running one")
	})
	t.Run("interrupted", func(t *testing.T) {
		running, output := up(t, program, state)
		require.NoError(t, running.Process.Signal(os.Interrupt))
		require.NoError(t, running.Wait(), "%s", output)
		assert.Empty(t, processes(t, state))
	})
	t.Run("terminated while starting", func(t *testing.T) {
		running := exec.Command(program, at("up")...)
		running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		require.NoError(t, running.Start())
		require.Eventually(t, func() bool { return len(processes(t, state)) > 2 }, time.Minute, 20*time.Millisecond)
		require.NoError(t, running.Process.Signal(syscall.SIGTERM))
		var exit *exec.ExitError
		require.ErrorAs(t, running.Wait(), &exit)
		assert.Equal(t, 130, exit.ExitCode())
		assert.Empty(t, processes(t, state))
	})
	t.Run("down", func(t *testing.T) {
		running, output := up(t, program, state)
		code, answer := exitCodeOf(t, program, at("break", "manager")...)
		assert.Equal(t, 0, code, "%s", answer)
		code, answer = exitCodeOf(t, program, at("break", "earthquake")...)
		assert.Equal(t, 1, code, "%s", answer)
		code, answer = exitCodeOf(t, program, at("down")...)
		assert.Equal(t, 0, code, "%s", answer)
		require.NoError(t, running.Wait(), "%s", output)
		assert.Empty(t, processes(t, state))
	})
}
