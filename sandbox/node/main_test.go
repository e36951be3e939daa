//go:build linux

package node_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/nodetest"
)

const (
	patience     = 2 * time.Minute
	pollInterval = 100 * time.Millisecond
)

var (
	// pods is the network of the machine in which these tests run.
	pods *node.Network
	// testProgram is what Pods run.
	testProgram = os.Getenv("NODE_TEST_PROGRAM")
)

func TestMain(m *testing.M) {
	if command := os.Getenv("NODE_TEST_MACHINE"); command != "" {
		os.Exit(machineWithin(command))
	}
	os.Exit(nodetest.Run(m, func() (err error) {
		pods, err = node.NewNetwork()
		return err
	}))
}

// onNode tells whether this is a machine; elsewhere it builds what a node needs, and has the test run in one. A test begins
// with it, so that who runs none of these tests waits for no compiler.
func onNode(t *testing.T) bool {
	t.Helper()
	if !node.Inside() {
		root, err := build.Root(".")
		require.NoError(t, err)
		builder := &build.Builder{Root: root, Out: os.Stderr}
		require.NoError(t, builder.Build(t.Context(), node.Programs()...))
		t.Setenv("NODE_TEST_PROGRAM", buildTestProgram(t))
	}
	return nodetest.Only(t)
}

func buildTestProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "testprogram")
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "./internal/testprogram")
	command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

// cluster is a control plane with a node.
type cluster struct {
	t          *testing.T
	client     *kubernetes.Clientset
	plane      *controlplane.ControlPlane
	node       *node.Node
	paths      build.Paths
	kubeconfig string
	image      string
}

// startCluster starts one whose registry has the test program.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := build.Root(".")
	require.NoError(t, err)
	c := &cluster{t: t, paths: build.Paths{Root: root}, image: "registry.example.org/test/program:v1"}
	registry := nodetest.NewRegistry(t)
	_, err = registry.Push("test/program:v1", nodetest.Program{File: testProgram, Path: "/program", User: "65532:65532"})
	require.NoError(t, err)
	c.plane, err = controlplane.Start(t.Context(), controlplane.Options{
		Name: "cluster", Dir: filepath.Join(t.TempDir(), "plane"), AssetsDir: c.paths.Assets(), Controllers: node.Controllers, NodeAddress: node.Address,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.plane.Stop(context.Background())) })
	c.kubeconfig = c.plane.AdminKubeconfig()
	c.client, err = kubernetes.NewForConfig(c.plane.Config())
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "node")
	c.node, err = pods.Start(t.Context(), c.plane, node.Options{Name: "sandbox-node", Dir: dir, Paths: c.paths, Mirror: registry.Address, Logf: t.Logf})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.node.Stop(context.Background()))
		if t.Failed() {
			logged, _ := os.ReadFile(filepath.Join(dir, "logs", "kubelet.log"))
			t.Logf("the kubelet's log ends with:\n%s", logged[max(0, len(logged)-6000):])
		}
	})
	return c
}

// container runs the test program.
func (c *cluster) container(arguments ...string) corev1.Container {
	return corev1.Container{Name: "program", Image: c.image, Args: arguments}
}
