package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// management and harvester are the two API servers, shared by all tests of the package: each test works in namespaces
// of its own.
var management, harvester *rest.Config

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	code, err := runWithPlanes(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func runWithPlanes(m *testing.M) (int, error) {
	root, err := repositoryRoot()
	if err != nil {
		return 0, err
	}
	assets, err := binaryAssets(root)
	if err != nil {
		return 0, err
	}
	core, err := moduleFolder("sigs.k8s.io/cluster-api")
	if err != nil {
		return 0, err
	}
	planes := []struct {
		target **rest.Config
		crds   []string
	}{
		{&management, []string{filepath.Join(core, "core/config/crd/bases"), filepath.Join(root, "config/crd/bases")}},
		{&harvester, []string{filepath.Join(root, "simulator/internal/crds")}},
	}
	var stops []func() error
	defer func() {
		for _, stop := range stops {
			_ = stop()
		}
	}()
	for _, plane := range planes {
		environment := &envtest.Environment{BinaryAssetsDirectory: assets, CRDDirectoryPaths: plane.crds, ErrorIfCRDPathMissing: true}
		config, err := environment.Start()
		if err != nil {
			return 0, fmt.Errorf("start an API server: %w", err)
		}
		stops = append(stops, environment.Stop)
		config.QPS, config.Burst = -1, 0
		*plane.target = config
	}
	return m.Run(), nil
}

// repositoryRoot is the folder that holds go.work.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no go.work above the working directory")
}

func binaryAssets(root string) (string, error) {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		folder = filepath.Join(root, "bin", "assets")
	}
	if _, err := os.Stat(filepath.Join(folder, "kube-apiserver")); err != nil {
		return "", fmt.Errorf("no kube-apiserver in %s: run make assets", folder)
	}
	return folder, nil
}

func moduleFolder(module string) (string, error) {
	output, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("find the sources of %s: %w", module, err)
	}
	return strings.TrimSpace(string(output)), nil
}
