package doctor

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// newReader makes a client that can only read, and that makes no requests to find out what the server serves.
func newReader(config *rest.Config, scheme *runtime.Scheme) (client.Reader, error) {
	config.QPS = -1
	return client.New(config, client.Options{Scheme: scheme, Mapper: mapper()})
}

// mapper knows the kinds that are read, on all planes.
func mapper() meta.RESTMapper {
	known := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"Cluster", "Machine"} {
		known.Add(clusterv1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	for _, kind := range []string{kindInfra, kindInfraMachine, kindClaimPool} {
		known.Add(infrav1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	for _, kind := range []string{"VirtualMachine", "VirtualMachineInstance"} {
		known.Add(kubevirtv1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	known.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	known.Add(corev1.SchemeGroupVersion.WithKind("Event"), meta.RESTScopeNamespace)
	known.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	known.Add(corev1.SchemeGroupVersion.WithKind("Node"), meta.RESTScopeRoot)
	known.Add(lbv1.GroupVersion.WithKind("IPPool"), meta.RESTScopeRoot)
	return known
}

// newManagementScheme knows what is read in the management cluster.
func newManagementScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, clusterv1.AddToScheme, infrav1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}
