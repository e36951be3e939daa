package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

func run(t *testing.T, args ...string) (code int, out, notes string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), "v0", args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestExitCodes(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(broken, []byte("token: SECRET\n{"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want int
		says string
	}{
		"help":                    {[]string{"--help"}, exitDone, ""},
		"version":                 {[]string{"--version"}, exitDone, ""},
		"completion":              {[]string{"completion", "bash"}, exitDone, ""},
		"no cluster":              {[]string{"status"}, exitUsage, "--cluster or --workload-kubeconfig"},
		"two clusters":            {[]string{"status", "--cluster=a", "--workload-kubeconfig=b"}, exitUsage, "either"},
		"an unknown flag":         {[]string{"status", "--nosuch"}, exitUsage, "nosuch"},
		"an unknown way":          {[]string{"status", "--way=Telepathy"}, exitUsage, "PortForward"},
		"an unknown output":       {[]string{"status", "-o", "xml"}, exitUsage, "text or json"},
		"a plan for no one":       {[]string{"plan"}, exitUsage, "--leaving"},
		"a removal of no one":     {[]string{"remove"}, exitUsage, "arg"},
		"a kubeconfig not there":  {[]string{"status", "--workload-kubeconfig=/no/such/file"}, exitFailed, "no such file"},
		"a kubeconfig that is no": {[]string{"status", "--workload-kubeconfig=" + broken}, exitFailed, "kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, notes := run(t, c.args...)
			assert.Equal(t, c.want, code)
			assert.Contains(t, notes, c.says)
			assert.NotContains(t, notes, "SECRET")
		})
	}
}

func TestReportAsText(t *testing.T) {
	report := etcdops.Report{
		Members: []etcdops.MemberReport{
			{ID: "a", Name: "cp-1-0123abcd", Leader: true, Healthy: true, Version: "3.6.14", SizeBytes: 400 << 20, ReclaimableBytes: 300 << 20, Defragment: true},
			{ID: "b", Name: "cp-2-4567cdef", Problem: "it does not answer", Alarms: []etcdops.AlarmType{etcdops.AlarmNoSpace}},
		},
		Voters: 2, HealthyVoters: 1, Quorum: 2, LowestVersion: "3.5.0", HighestVersion: "3.6.14", VersionSkew: true,
		LastSnapshot: &etcdops.BackupReport{Name: "snap", Node: "cp-1", Time: time.Unix(0, 0)},
	}
	var out bytes.Buffer
	require.NoError(t, writeReport(&out, etcdops.WayExec, report))
	want, err := os.ReadFile(filepath.Join("testdata", "status.txt"))
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

// Every command has its man page, with its flags.
func TestManPages(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "man1")
	code, _, notes := run(t, "man", directory)
	require.Zero(t, code, notes)
	for name, says := range map[string]string{
		"caphv-etcd": "workload-kubeconfig", "caphv-etcd-status": "members", "caphv-etcd-plan": "leaving", "caphv-etcd-remove": "yes", "caphv-etcd-man": "DIRECTORY",
	} {
		page, err := os.ReadFile(filepath.Join(directory, name+".1"))
		require.NoError(t, err)
		assert.Contains(t, string(page), says, name)
	}
	code, _, notes = run(t, "man")
	assert.Equal(t, exitUsage, code, notes)
}
