package e2e_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// dialogue is caphv-generate at a terminal of its own, and the person before it.
type dialogue struct {
	t        *testing.T
	terminal *os.File
	screen   *bufio.Reader
	command  *exec.Cmd
	seen     strings.Builder
}

// talk starts the program at the dumbest of terminals.
func talk(t *testing.T, arguments ...string) *dialogue {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, shared.Paths().Program("caphv-generate"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+shared.ManagementKubeconfig(), "TERM=dumb", "NO_COLOR=1")
	terminal, err := pty.Start(command)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return &dialogue{t: t, terminal: terminal, screen: bufio.NewReader(terminal), command: command}
}

// await reads until the screen ends with the text.
func (d *dialogue) await(text string) {
	d.t.Helper()
	for !strings.HasSuffix(d.seen.String(), text) {
		letter, err := d.screen.ReadByte()
		require.NoError(d.t, err, "waiting for %q; the screen says:\n%s", text, d.seen.String())
		d.seen.WriteByte(letter)
	}
}

func (d *dialogue) typeLine(line string) {
	d.t.Helper()
	_, err := d.terminal.WriteString(line + "\n")
	require.NoError(d.t, err)
}

// end reads on until the program ended, and returns its exit code.
func (d *dialogue) end() int {
	d.t.Helper()
	for {
		letter, err := d.screen.ReadByte()
		if err != nil { // Linux says EIO when the last process has closed the other end.
			break
		}
		d.seen.WriteByte(letter)
	}
	_ = d.command.Wait()
	return d.command.ProcessState.ExitCode()
}
