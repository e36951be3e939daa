package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dialogue is a program at a terminal of its own, and the person before it.
type dialogue struct {
	t        *testing.T
	terminal *os.File
	screen   *bufio.Reader
	command  *exec.Cmd
	seen     strings.Builder
}

// talk starts the program as a person would who has the dumbest of terminals.
func talk(t *testing.T, kubeconfig string, arguments ...string) *dialogue {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	command := program(ctx, kubeconfig, arguments...)
	command.Env = append(command.Env, "TERM=dumb", "NO_COLOR=1")
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

// answer types a line when the question stands there.
func (d *dialogue) answer(question, line string) {
	d.t.Helper()
	d.await(question)
	_, err := d.terminal.WriteString(line + "\n")
	require.NoError(d.t, err)
}

// end reads on until the program ended, and returns its exit code. Nothing on the screen was for a better terminal.
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
	assert.NotContains(d.t, d.seen.String(), "\x1b", "no colours and no cursor movement")
	assert.NotContains(d.t, d.seen.String(), "s3cr3t")
	return d.command.ProcessState.ExitCode()
}

// answerQuestions sits at a terminal, makes mistakes, fixes them, and lets the program apply. Harvester is away: then there
// is nothing to choose from, and that is said.
func answerQuestions(t *testing.T, kubeconfig string) {
	t.Helper()
	harvester := flags(t, "x")[len(flags(t, "x"))-1]
	d := talk(t, kubeconfig, "--interactive", "--preflight=false")
	for _, exchange := range [][2]string{
		{"Name of the cluster: ", "Talked Into"},
		{"begins with a letter\r\nName of the cluster: ", "talked"},
		{"empty for the cluster's name: ", ""},
		{"File with the kubeconfig for Harvester: ", "/no/such/file"},
		{"and name the file\r\nFile with the kubeconfig for Harvester: ", harvester},
		{"VM image on Harvester, as namespace/name: ", "default/sles"},
		{"SSH key pair on Harvester, as namespace/name: ", "default/key"},
		{"separated by commas: ", "default/production"},
		{"empty for DHCP or several pools: ", "pool"},
		{"Default router of the machines: ", "172.16.0.1"},
		{"Network mask of the machines: ", "255.255.0.1"},
		{"such as 255.255.0.0\r\nNetwork mask of the machines: ", "255.255.0.0"},
		{"separated by commas: ", ""},
		{"Number of control-plane machines [3]: ", "1"},
		{"Number of worker machines [2]: ", ""},
		{"Virtual CPU cores of a machine [4]: ", ""},
		{"Memory of a machine [8Gi]: ", ""},
		{"Size of a machine's disk [80Gi]: ", ""},
		{"Kubernetes version [v1.31.14]: ", ""},
		{"Apply to the management cluster now (yes or no) [no]: ", "yes"},
		{"Wait until the cluster is up (yes or no) [no]: ", "no"},
	} {
		d.answer(exchange[0], exchange[1])
	}
	d.await("[10/10] MachineHealthCheck talked/talked-mhc: created\r\n")
	assert.Equal(t, 0, d.end())
	screen := d.seen.String()
	assert.Contains(t, screen, "Harvester does not answer, so it is not asked what there is to choose: ")
	assert.Contains(t, screen, "together       12 CPUs, 24Gi memory, 240Gi disks\r\n")
	assert.Contains(t, screen, "The same without questions:\r\n  caphv-generate --name talked --harvester-kubeconfig "+harvester+
		" --image default/sles --ssh-keypair default/key --network default/production --ip-pool pool --gateway 172.16.0.1"+
		" --subnet-mask 255.255.0.0 --cp-replicas 1 --apply=true --preflight=false\r\n")
}

// interruptQuestions presses Ctrl-C at the terminal, at the third question.
func interruptQuestions(t *testing.T, kubeconfig string) {
	t.Helper()
	d := talk(t, kubeconfig, "--interactive", "--apply")
	d.answer("Name of the cluster: ", "stopped")
	d.answer("empty for the cluster's name: ", "")
	d.await("File with the kubeconfig for Harvester: ")
	_, err := d.terminal.WriteString("\x03")
	require.NoError(t, err)
	assert.Equal(t, 130, d.end())
	assert.Contains(t, d.seen.String(), "interrupted: nothing is written or applied: at the question for --harvester-kubeconfig")
}
