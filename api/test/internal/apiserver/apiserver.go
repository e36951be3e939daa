// Package apiserver runs a real kube-apiserver, with its etcd, for the tests of one package.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Cluster is a running API server.
type Cluster struct {
	// Config reaches the API server as an administrator.
	Config *rest.Config
	// Client is an administrator's; a field that the API server does not know is an error.
	Client client.Client

	environment *envtest.Environment
}

// Main starts an API server, prepares it, runs a package's tests, and stops it. It returns the exit code for os.Exit.
func Main(m *testing.M, prepare func(*Cluster) error) (code int) {
	cluster, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.environment.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the API server:", err)
			code = 1
		}
	}()
	if err := prepare(cluster); err != nil {
		fmt.Fprintln(os.Stderr, "prepare the API server:", err)
		return 1
	}
	return m.Run()
}

func start() (*Cluster, error) {
	assets, err := assetsDirectory()
	if err != nil {
		return nil, err
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets}
	config, err := environment.Start()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the API server from %s: %w", assets, err), environment.Stop())
	}
	direct, err := client.New(config, client.Options{Scheme: scheme()})
	if err != nil {
		return nil, errors.Join(err, environment.Stop())
	}
	strict := client.WithFieldValidation(direct, metav1.FieldValidationStrict)
	return &Cluster{Config: config, Client: strict, environment: environment}, nil
}

func scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, clusterv1.AddToScheme, infrav1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err) //nolint:forbidigo // types of one group version registered twice: a mistake in this file
		}
	}
	return scheme
}

// assetsDirectory returns where etcd and kube-apiserver are.
func assetsDirectory() (string, error) {
	directory := os.Getenv("KUBEBUILDER_ASSETS")
	if directory == "" {
		root, err := manifests.Root()
		if err != nil {
			return "", err
		}
		directory = filepath.Join(root, "bin", "assets")
	}
	for _, program := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(directory, program)); err != nil {
			return "", fmt.Errorf("%w: run `make assets`, or set KUBEBUILDER_ASSETS", err)
		}
	}
	return directory, nil
}

// InstallCRDs installs the CRDs among the objects and waits until they are served. Others are ignored.
func (c *Cluster) InstallCRDs(objects []*unstructured.Unstructured) error {
	var definitions []*apiextensionsv1.CustomResourceDefinition
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, definition); err != nil {
			return fmt.Errorf("%s: %w", object.GetName(), err)
		}
		definitions = append(definitions, definition)
	}
	_, err := envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{CRDs: definitions})
	return err
}

// Apply applies an object, as `kubectl apply --server-side` does. Its answer is written into the object.
func (c *Cluster) Apply(ctx context.Context, object *unstructured.Unstructured) error {
	return c.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("test"), client.ForceOwnership)
}
