package harvesterclient

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// NewScheme returns a new scheme that knows every kind this library reads or writes:
// the core, apps, rbac, discovery and storage groups of Kubernetes, KubeVirt's v1, and Harvester's own.
func NewScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme,
		appsv1.AddToScheme,
		rbacv1.AddToScheme,
		discoveryv1.AddToScheme,
		storagev1.AddToScheme,
		kubevirtv1.AddToScheme,
		lbv1.AddToScheme,
		hciv1.AddToScheme,
		nadv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}

	return scheme
}

// ownScheme and ownCodecs are what all connections share: nothing is added to them.
var (
	ownScheme = sync.OnceValue(NewScheme)
	ownCodecs = sync.OnceValue(func() runtime.NegotiatedSerializer {
		return serializer.NewCodecFactory(ownScheme()).WithoutConversion()
	})
)
