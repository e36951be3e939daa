package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pseudoTerminal opens the two ends of a terminal: ours, and the program's.
func pseudoTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	require.NoError(t, err)
	ours = os.NewFile(uintptr(master), "ptmx")
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = theirs.Close(); _ = ours.Close() })
	return ours, theirs
}

// answerQuestions sits at a terminal, makes a mistake, mends it, and lets the program apply.
func answerQuestions(t *testing.T, kubeconfig string) {
	t.Helper()
	ours, theirs := pseudoTerminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	harvester := flags(t, "x")[len(flags(t, "x"))-1]
	command := program(ctx, kubeconfig, "--interactive", "--preflight=false", "--harvester-kubeconfig", harvester)
	command.Stdin, command.Stdout, command.Stderr = theirs, theirs, theirs
	require.NoError(t, command.Start())
	require.NoError(t, theirs.Close())

	screen := bufio.NewReader(ours)
	var seen strings.Builder
	await := func(text string) {
		t.Helper()
		for !strings.HasSuffix(seen.String(), text) {
			letter, err := screen.ReadByte()
			require.NoError(t, err, "waiting for %q; the screen says:\n%s", text, seen.String())
			seen.WriteByte(letter)
		}
	}
	for _, dialogue := range [][2]string{
		{"Name of the cluster: ", "Talked Into"},
		{"begins with a letter\r\nName of the cluster: ", "talked"},
		{"empty for the cluster's name: ", ""},
		{"VM image on Harvester, as namespace/name: ", "default/sles"},
		{"SSH key pair on Harvester, as namespace/name: ", "default/key"},
		{"separated by commas: ", "default/production"},
		{"empty for DHCP or several pools: ", "pool"},
		{"separated by commas: ", ""},
		{"Default router of the machines, with a pool: ", "172.16.0.1"},
		{"Network mask of the machines, with a pool: ", "255.255.0.0"},
		{"separated by commas, with a pool: ", ""},
		{"Number of control-plane machines [3]: ", "1"},
		{"Number of worker machines [2]: ", ""},
		{"Virtual CPU cores of a machine [4]: ", ""},
		{"Memory of a machine [8Gi]: ", ""},
		{"Size of a machine's disk [80Gi]: ", ""},
		{"Kubernetes version [v1.31.14]: ", ""},
		{"(yes or no) [no]: ", "yes"},
	} {
		await(dialogue[0])
		_, err := ours.WriteString(dialogue[1] + "\n")
		require.NoError(t, err)
	}
	await("[10/10] MachineHealthCheck talked/talked-mhc: created\r\n")
	require.NoError(t, drain(screen, command.Wait))
	assert.Contains(t, seen.String(), "The same without questions:\r\n  caphv-generate --name talked --harvester-kubeconfig "+harvester+
		" --image default/sles --ssh-keypair default/key --network default/production --ip-pool pool --gateway 172.16.0.1"+
		" --subnet-mask 255.255.0.0 --cp-replicas 1 --apply=true --preflight=false\r\n")
	assert.NotContains(t, seen.String(), "s3cr3t")
}

// drain reads on, so that the program can write on, until it ended.
func drain(screen *bufio.Reader, wait func() error) error {
	go func() {
		for {
			if _, err := screen.ReadByte(); err != nil {
				return
			}
		}
	}()
	return wait()
}
