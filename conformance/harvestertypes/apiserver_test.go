package harvestertypes

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// upstream is a real kube-apiserver that serves upstream's definitions.
var upstream *rest.Config

func TestMain(m *testing.M) {
	code, err := withAPIServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the API server of `make assets` is needed, KUBEBUILDER_ASSETS names its directory:", err)
		code = 1
	}
	os.Exit(code)
}

func withAPIServer(m *testing.M) (code int, err error) {
	definitions, err := definitions()
	if err != nil {
		return 1, err
	}
	environment := &envtest.Environment{CRDInstallOptions: envtest.CRDInstallOptions{CRDs: definitions}}
	if upstream, err = environment.Start(); err != nil {
		return 1, err
	}
	code = m.Run()

	return code, environment.Stop()
}

// definitions are those that upstream ships for our kinds, and KubeVirt's as module kubevirtadmission writes and proves
// them.
func definitions() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	files := []string{}
	for _, shipped := range append([]kind{{crdModule: networkModule, crdFile: "artifacts/networks-crd.yaml"}}, kinds...) {
		if shipped.crdFile == "" {
			continue
		}
		directory, err := moduleDirectory(shipped.crdModule)
		if err != nil {
			return nil, err
		}
		files = append(files, filepath.Join(directory, filepath.FromSlash(shipped.crdFile)))
	}
	for _, name := range []string{"virtualmachines", "virtualmachineinstances"} {
		files = append(files, filepath.Join("..", "..", "simulator", "internal", "crds", "kubevirt.io_"+name+".yaml"))
	}
	list := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(files))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, crd)
	}

	return list, nil
}

// ours is a client as harvesterclient's users have it; what the API server would drop is an error.
func ours(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(upstream, client.Options{Scheme: harvesterclient.NewScheme()})
	require.NoError(t, err)

	return client.WithFieldValidation(c, "Strict")
}
