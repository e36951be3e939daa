package installation

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

const (
	pollInterval = 50 * time.Millisecond

	namespace = "caphv-system"
	manager   = "caphv-controller-manager"
	ours      = "infrastructure.cluster.x-k8s.io"
	pools     = "harvesterippools." + ours
)

// server is a management cluster without nodes.
type server struct {
	t          *testing.T
	client     client.Client
	kubeconfig string
	home       string
}

// startServer starts an API server that knows cert-manager's kinds, as if cert-manager were there.
func startServer(t *testing.T) *server {
	t.Helper()
	s := startBareServer(t)
	s.define(kind("cert-manager.io", "v1", "Issuer"), kind("cert-manager.io", "v1", "Certificate"))
	return s
}

// startBareServer starts one that knows Kubernetes' own kinds alone.
func startBareServer(t *testing.T) *server {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		Name: "management", Dir: filepath.Join(t.TempDir(), "plane"), AssetsDir: paths.Assets(), Controllers: controlplane.Controllers,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, plane.Stop(context.Background())) })
	config := plane.Config()
	config.WarningHandler = rest.NoWarnings{} // v1alpha1 is deprecated
	c, err := client.New(config, client.Options{})
	require.NoError(t, err)
	return &server{t: t, client: c, kubeconfig: plane.AdminKubeconfig(), home: t.TempDir()}
}

// in is the same server for a subtest.
func (s *server) in(t *testing.T) *server {
	t.Helper()
	same := *s
	same.t = t
	return &same
}

// run runs a program against the server and returns what it printed; try returns its error besides.
func (s *server) run(program string, arguments ...string) string {
	s.t.Helper()
	output, err := s.try(program, arguments...)
	require.NoError(s.t, err, "%s %s:\n%s", filepath.Base(program), strings.Join(arguments, " "), output)
	return output
}

func (s *server) try(program string, arguments ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = s.home
	// A shell's children end with it, or the output of one that hangs is waited for beyond the deadline.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	// Nothing of the one who runs the tests is read or written, and no program asks for a newer release of itself.
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "HOME="+s.home, "XDG_CONFIG_HOME="+s.home, "XDG_CACHE_HOME="+s.home,
		"XDG_DATA_HOME="+s.home, "CLUSTERCTL_DISABLE_VERSIONCHECK=true")
	output, err := command.CombinedOutput()
	return string(output), err
}

func (s *server) kubectl(arguments ...string) string {
	s.t.Helper()
	return s.run(kubectlProgram(), arguments...)
}

// get reads an object; it is nil if there is none, or the server does not know its kind.
func (s *server) get(object *unstructured.Unstructured) *unstructured.Unstructured {
	s.t.Helper()
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(object.GroupVersionKind())
	err := s.client.Get(s.t.Context(), client.ObjectKeyFromObject(object), found)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil
	}
	require.NoError(s.t, err, name(object))
	return found
}

// there tells which of the objects exist and are not being deleted, by their names.
func (s *server) there(objects []*unstructured.Unstructured) []string {
	s.t.Helper()
	found := []string{}
	for _, object := range objects {
		if stored := s.get(object); stored != nil && stored.GetDeletionTimestamp() == nil {
			found = append(found, name(object))
		}
	}
	return found
}
