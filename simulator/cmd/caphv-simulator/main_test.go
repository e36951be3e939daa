package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

func TestWithoutStarting(t *testing.T) {
	empty := t.TempDir()
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"help":                {args: []string{"--help"}, stdout: "Examples:"},
		"version":             {args: []string{"--version"}, stdout: "caphv-simulator "},
		"unknown flag":        {args: []string{"--mouse"}, code: misuse, stderr: "flag provided but not defined: -mouse"},
		"argument":            {args: []string{"up"}, code: misuse, stderr: `unknown argument "up"`},
		"no assets":           {args: []string{"--without-kubevirt", "--assets", empty}, code: failed, stderr: filepath.Join(empty, "etcd")},
		"no admission":        {args: []string{"--kubevirt-admission", filepath.Join(empty, "none")}, code: failed, stderr: "KubeVirt's admission: stat " + filepath.Join(empty, "none")},
		"no such Harvester":   {args: []string{"--without-kubevirt", "--harvester", "v0.3.0"}, code: failed, stderr: "v0.3.0"},
		"not on this machine": {args: []string{"--without-kubevirt", "--address", "192.0.2.1:6443"}, code: failed, stderr: "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()

			code := run(ctx, c.args, &stdout, &stderr)

			assert.Equal(t, c.code, code, "%s%s", stdout.String(), stderr.String())
			assert.Contains(t, stdout.String(), c.stdout)
			assert.Contains(t, stderr.String(), c.stderr)
		})
	}
}

// What the command prints is enough to reach the simulator, and an interrupt ends it.
func TestServesUntilInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, interrupt := context.WithTimeout(t.Context(), 3*time.Minute)
	defer interrupt()
	read, written := io.Pipe()
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	kubeconfig, admin := filepath.Join(dir, "harvester.yaml"), filepath.Join(dir, "admin.yaml")
	go func() {
		ended <- run(ctx, []string{"--without-kubevirt", "--kubeconfig", kubeconfig, "--admin-kubeconfig", admin}, written, &stderr)
		_ = written.Close()
	}()
	var printed []string
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		printed = append(printed, lines.Text())
		if lines.Text() == "Ctrl-C ends it." {
			break
		}
	}
	require.NotEmpty(t, printed, stderr.String())
	assert.Contains(t, printed[0], "Harvester v1.8.0 is simulated at https://127.0.0.1:")
	assert.Contains(t, printed, "kubeconfig    "+kubeconfig)

	for _, path := range []string{kubeconfig, admin} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		config, err := clientcmd.BuildConfigFromFlags("", path)
		require.NoError(t, err)
		c, err := client.New(config, client.Options{Scheme: simulator.NewScheme()})
		require.NoError(t, err)
		images := &hciv1.VirtualMachineImageList{}
		require.NoError(t, c.List(ctx, images))
		assert.Len(t, images.Items, 1)
	}

	interrupt()
	assert.Zero(t, <-ended, stderr.String())
}
