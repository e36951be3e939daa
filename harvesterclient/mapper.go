package harvesterclient

import (
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// knownKinds are the kinds whose resource and scope need no asking. So a connection makes no discovery requests, and can be
// built while its Harvester is away.
var knownKinds = []struct {
	version    schema.GroupVersion
	namespaced []string
	cluster    []string
}{
	{corev1.SchemeGroupVersion, []string{"ConfigMap", "Event", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"}, []string{"Namespace", "Node", "PersistentVolume"}},
	{appsv1.SchemeGroupVersion, []string{"DaemonSet", "Deployment", "StatefulSet"}, nil},
	{rbacv1.SchemeGroupVersion, []string{"Role", "RoleBinding"}, []string{"ClusterRole", "ClusterRoleBinding"}},
	{discoveryv1.SchemeGroupVersion, []string{"EndpointSlice"}, nil},
	{storagev1.SchemeGroupVersion, nil, []string{"StorageClass"}},
	{kubevirtv1.GroupVersion, []string{"KubeVirt", "VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstanceMigration"}, nil},
	{lbv1.GroupVersion, []string{"LoadBalancer"}, []string{"IPPool"}},
	{hciv1.GroupVersion, []string{"KeyPair", "VirtualMachineImage"}, []string{"Setting"}},
}

// newMapper knows the kinds above by itself and asks the server about any other, once, when first needed.
func newMapper(cfg *rest.Config, httpClient *http.Client) (meta.RESTMapper, error) {
	known := meta.NewDefaultRESTMapper(nil)
	for _, kinds := range knownKinds {
		for _, kind := range kinds.namespaced {
			known.Add(kinds.version.WithKind(kind), meta.RESTScopeNamespace)
		}
		for _, kind := range kinds.cluster {
			known.Add(kinds.version.WithKind(kind), meta.RESTScopeRoot)
		}
	}
	known.AddSpecific(nadv1.GroupVersion.WithKind("NetworkAttachmentDefinition"),
		nadv1.Resource, nadv1.GroupVersion.WithResource("network-attachment-definition"), meta.RESTScopeNamespace)
	asking, err := apiutil.NewDynamicRESTMapper(cfg, httpClient)
	if err != nil {
		return nil, fmt.Errorf("prepare discovery: %w", err)
	}

	return meta.FirstHitRESTMapper{MultiRESTMapper: meta.MultiRESTMapper{known, asking}}, nil
}
